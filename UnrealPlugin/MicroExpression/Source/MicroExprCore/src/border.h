// What every function of the C border does: keep exceptions in, tell the thread what was wrong, check arguments.
#pragma once

#include <cmath>
#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "status.h"

namespace microexpr {

// Limits of arguments; longer strings are taken for a mistake (a buffer without its closing 0).
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxPem = 1u << 20;

// Stores the sentence for microexpr_last_message and returns the code.
int report(int code, const char* sentence);
inline int report(const Status& status) {
  return status.ok() ? status.code : report(status.code, status.message.c_str());
}

// Runs `body`, which returns Status or an int, and turns whatever it throws into a status.
template <class Body>
int guarded(Body&& body) noexcept {
  try {
    return report(Status(body()));
  } catch (const std::bad_alloc&) {
    return report(MICROEXPR_OUT_OF_MEMORY, "there is not enough memory");
  } catch (const std::system_error& error) {  // a thread could not be started
    return report(MICROEXPR_RESOURCE_EXHAUSTED, error.what());
  } catch (const std::exception& error) {
    return report(MICROEXPR_INTERNAL, error.what());
  } catch (...) {
    return report(MICROEXPR_INTERNAL, "something unknown was thrown");
  }
}

template <class Struct>
Status check_struct(const Struct* pointer, const char* name) {
  if (pointer == nullptr) return invalid(std::string(name) + " is NULL");
  if (pointer->struct_size < sizeof(Struct)) {
    return invalid(std::string(name) + ".struct_size: expected " + std::to_string(sizeof(Struct)) + ", got " +
                   std::to_string(pointer->struct_size) + "; use MICROEXPR_INIT");
  }
  if (pointer->version != MICROEXPR_STRUCT_VERSION) {
    return {MICROEXPR_VERSION_MISMATCH, std::string(name) + ".version: this library knows version 1"};
  }
  return {};
}

// Copies a string argument; NULL becomes empty unless it is needed.
Status copy_text(const char* text, const char* name, std::size_t limit, bool needed, std::string* copy);

}  // namespace microexpr
