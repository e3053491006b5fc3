// Shared by the files that see generated messages; nobody else includes them.
#pragma once

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include "microexpr/v1/bridge.pb.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "take.h"

namespace microexpr {

inline bool is_side(int side) { return side >= MICROEXPR_SIDE_BOTH && side <= MICROEXPR_SIDE_RIGHT; }

Status decode_events(const google::protobuf::RepeatedPtrField<v1::Event>& events, EventList* list);

}  // namespace microexpr
