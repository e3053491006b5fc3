# A library for an editor needs nothing but what every Linux desktop has.
execute_process(COMMAND "${READELF}" -d "${LIBRARY}" OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[([^]]+)\\]" needed "${listing}")
foreach(entry IN LISTS needed)
  string(REGEX REPLACE ".*\\[([^]]+)\\]" "\\1" name "${entry}")
  if(NOT name MATCHES "^(libc|libm|libdl|librt|libpthread|ld-linux-x86-64)\\.so\\.[0-9]+$")
    message(FATAL_ERROR "${LIBRARY} needs ${name}")
  endif()
endforeach()
