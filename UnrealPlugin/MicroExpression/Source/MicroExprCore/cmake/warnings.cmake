# How our own sources are compiled: every warning is an error, and float32 means float32.
add_library(microexpr_warnings INTERFACE)
if(MSVC)
  target_compile_options(microexpr_warnings INTERFACE /W4 /WX /permissive- /utf-8 /fp:precise)
else()
  target_compile_options(microexpr_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror
    $<$<COMPILE_LANGUAGE:CXX>:-Wshadow -Wnon-virtual-dtor -ffp-contract=off>)
endif()
