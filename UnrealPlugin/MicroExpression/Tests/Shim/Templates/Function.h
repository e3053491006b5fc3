// Shim: TFunction, TFunctionRef. [E]
#pragma once

#include <functional>

#include "CoreTypes.h"

template <typename F>
using TFunction = std::function<F>;
template <typename F>
using TUniqueFunction = std::function<F>;
template <typename F>
using TFunctionRef = const std::function<F>&;
