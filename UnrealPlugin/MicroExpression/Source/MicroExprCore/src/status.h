// What an operation came to: a code of microexpr_core.h and, for errors, one sentence.
#pragma once

#include <string>
#include <utility>

#include "microexpr_core.h"

namespace microexpr {

struct Status {
  int code = MICROEXPR_OK;
  std::string message;

  Status() = default;
  Status(int status, std::string sentence) : code(status), message(std::move(sentence)) {}
  bool ok() const { return code == MICROEXPR_OK; }
};

inline Status invalid(std::string sentence) { return {MICROEXPR_INVALID_ARGUMENT, std::move(sentence)}; }
inline Status damaged(std::string sentence) { return {MICROEXPR_DATA_LOSS, std::move(sentence)}; }

}  // namespace microexpr
