// Shim: FFrameRate. [E]
#pragma once

#include "Misc/FrameNumber.h"

// [E]
struct FFrameRate
{
	int32 Numerator = 60000;
	int32 Denominator = 1;
	FFrameRate() = default;
	FFrameRate(uint32 InNumerator, uint32 InDenominator)
		: Numerator(static_cast<int32>(InNumerator)), Denominator(static_cast<int32>(InDenominator))
	{
	}
	bool IsValid() const { return Denominator > 0; }
	double AsDecimal() const { return double(Numerator) / double(Denominator); }
	double AsInterval() const { return double(Denominator) / double(Numerator); }
	double AsSeconds(FFrameNumber Frame) const { return double(Frame.Value) * Denominator / Numerator; }
	friend bool operator==(const FFrameRate& A, const FFrameRate& B)
	{
		return A.Numerator == B.Numerator && A.Denominator == B.Denominator;
	}
};
