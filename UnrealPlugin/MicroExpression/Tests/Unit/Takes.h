// Takes that the tests share.
#pragma once

#include "MicroExpressionConvert.h"

namespace Test
{
	inline FMicroExpressionNamedCurve Bump(const TCHAR* Name, float Peak, float Start = 0.0f)
	{
		FMicroExpressionNamedCurve Named;
		Named.Name = FName(Name);
		TArray<FRichCurveKey> Keys;
		const float Points[][2] = {{0.0f, 0.0f}, {0.1f, 0.0f}, {0.3f, Peak}, {0.6f, 0.0f}, {1.0f, 0.0f}};
		for (const auto& Point : Points)
		{
			FRichCurveKey& Key = Keys.Emplace_GetRef(Start + Point[0], Point[1]);
			Key.InterpMode = RCIM_Cubic;
		}
		MicroExpressionConvert::SetCurveKeys(Named.Curve, Keys);
		return Named;
	}

	inline FMicroExpressionTake Take(const TCHAR* Id)
	{
		FMicroExpressionTake Result;
		Result.Summary.TakeId = Id;
		Result.Summary.DurationSeconds = 1.0;
		Result.FrameRate = FFrameRate(30000, 1001);
		Result.Curves = {Bump(TEXT("CTRL_expressions_browDownL"), 0.25f), Bump(TEXT("jawOpen"), 0.125f)};
		return Result;
	}
}
