// Shim: FQualifiedFrameTime. [E]
#pragma once

#include "Misc/FrameTime.h"

// [E]
struct FQualifiedFrameTime
{
	FFrameTime Time;
	FFrameRate Rate;
	FQualifiedFrameTime() = default;
	FQualifiedFrameTime(const FFrameTime& InTime, const FFrameRate& InRate) : Time(InTime), Rate(InRate) {}
	double AsSeconds() const { return Time.AsDecimal() / Rate.AsDecimal(); }
};
