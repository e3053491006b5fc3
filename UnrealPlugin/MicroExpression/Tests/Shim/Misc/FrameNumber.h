// Shim: FFrameNumber. [E]
#pragma once

#include "CoreTypes.h"

// [E]
struct FFrameNumber
{
	int32 Value = 0;
	FFrameNumber() = default;
	FFrameNumber(int32 InValue) : Value(InValue) {}
	friend bool operator==(FFrameNumber A, FFrameNumber B) { return A.Value == B.Value; }
};
