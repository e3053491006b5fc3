# The generated messages, in the build tree. The lite runtime: no descriptors, hence no global registry in which the
# host's own protobuf could find the same file a second time.
find_package(Protobuf REQUIRED)

set(generated "${CMAKE_CURRENT_BINARY_DIR}/generated")
set(proto microexpr/v1/bridge)
file(MAKE_DIRECTORY "${generated}")
add_custom_command(
  OUTPUT "${generated}/${proto}.pb.cc" "${generated}/${proto}.pb.h"
  COMMAND protobuf::protoc "--cpp_out=lite:${generated}" "--proto_path=${MICROEXPR_PROTO_ROOT}" ${proto}.proto
  DEPENDS "${MICROEXPR_PROTO_ROOT}/${proto}.proto"
  COMMENT "Messages of ${proto}.proto"
  VERBATIM)
add_library(microexpr_messages STATIC "${generated}/${proto}.pb.cc" "${generated}/${proto}.pb.h")
target_include_directories(microexpr_messages SYSTEM PUBLIC "${generated}")
target_link_libraries(microexpr_messages PUBLIC protobuf::libprotobuf-lite)
