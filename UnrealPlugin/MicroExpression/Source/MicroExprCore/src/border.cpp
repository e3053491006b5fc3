#include "border.h"

#include <cstdio>
#include <cstring>

namespace microexpr {
namespace {

// A plain array, so that nothing has to be destroyed when a thread ends after the library is unloaded.
thread_local char last_message[512] = "";

}  // namespace

int report(int code, const char* sentence) {
  std::snprintf(last_message, sizeof last_message, "%s", sentence);
  return code;
}

Status copy_text(const char* text, const char* name, std::size_t limit, bool needed, std::string* copy) {
  copy->clear();
  if (text == nullptr || *text == '\0') {
    return needed ? invalid(std::string(name) + " is missing") : Status();
  }
  const void* const end = std::memchr(text, '\0', limit + 1);
  if (end == nullptr) return invalid(std::string(name) + " is longer than " + std::to_string(limit) + " bytes");
  copy->assign(text, static_cast<const char*>(end));
  return {};
}

}  // namespace microexpr

extern "C" {

const char* microexpr_version(void) { return MICROEXPR_CORE_VERSION; }

const char* microexpr_last_message(void) { return microexpr::last_message; }

const char* microexpr_status_string(int status) {
  switch (status) {
    case MICROEXPR_OK:
      return "ok";
    case MICROEXPR_PENDING:
      return "pending";
    case MICROEXPR_INVALID_ARGUMENT:
      return "invalid argument";
    case MICROEXPR_NOT_FOUND:
      return "not found";
    case MICROEXPR_ALREADY_EXISTS:
      return "already exists";
    case MICROEXPR_PERMISSION_DENIED:
      return "permission denied";
    case MICROEXPR_UNAUTHENTICATED:
      return "token missing or wrong";
    case MICROEXPR_RESOURCE_EXHAUSTED:
      return "too large, too many or full";
    case MICROEXPR_FAILED_PRECONDITION:
      return "not possible as things are";
    case MICROEXPR_UNAVAILABLE:
      return "no server answers";
    case MICROEXPR_DEADLINE_EXCEEDED:
      return "no answer in time";
    case MICROEXPR_CANCELLED:
      return "cancelled";
    case MICROEXPR_DATA_LOSS:
      return "data damaged";
    case MICROEXPR_UNIMPLEMENTED:
      return "not offered by this server";
    case MICROEXPR_ABORTED:
      return "changed meanwhile";
    case MICROEXPR_VERSION_MISMATCH:
      return "versions do not fit";
    case MICROEXPR_OUT_OF_MEMORY:
      return "out of memory";
    case MICROEXPR_INTERNAL:
      return "internal error";
    default:
      return "unknown status";
  }
}

}  // extern "C"
