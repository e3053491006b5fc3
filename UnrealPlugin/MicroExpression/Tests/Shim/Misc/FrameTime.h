// Shim: FFrameTime. [E]
#pragma once

#include "Misc/FrameRate.h"

// [E] A frame and a part of one.
struct FFrameTime
{
	FFrameTime() = default;
	static FFrameTime FromDecimal(double Frames);
	double AsDecimal() const { return Frame.Value + double(SubFrame); }

private:
	FFrameNumber Frame;
	float SubFrame = 0.0f;
};
