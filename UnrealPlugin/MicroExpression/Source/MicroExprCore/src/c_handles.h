// The handles of the C border that hold more than one value.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call.h"
#include "subscription.h"

struct microexpr_call {
  explicit microexpr_call(std::shared_ptr<microexpr::Call> made) : call(std::move(made)) {}
  const std::shared_ptr<microexpr::Call> call;
  microexpr::Progress polled;  // what the last poll handed out
  std::string message;
};

struct microexpr_subscription {
  explicit microexpr_subscription(std::shared_ptr<microexpr::Subscription> made) : subscription(std::move(made)) {}
  const std::shared_ptr<microexpr::Subscription> subscription;
  microexpr::Event polled;
  std::vector<const char*> names;
  std::string message;
};
