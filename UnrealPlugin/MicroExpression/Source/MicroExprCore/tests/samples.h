// Takes for tests, as the parts that travel.
#pragma once

#include <string>
#include <vector>

#include "microexpr_core.h"

namespace samples {

using Parts = std::vector<std::string>;

// Header and `chunks` chunks: two curves ("CTRL_expressions_browDownL", "jawOpen") with four keys a chunk, one track of
// AU4 left, one event. `seed` changes the values.
Parts take(int chunks, int seed = 0);

std::string digest(const Parts& parts);  // 32 bytes

std::vector<microexpr_part> views(const Parts& parts);

// Messages of every kind that decode, for the fuzzer to begin with.
std::vector<std::string> messages();

}  // namespace samples
