// Samples of imported assets, as CSV.
#pragma once

#include <chrono>

#include "CoreMinimal.h"
#include "MicroExpressionAssets.h"

/** What the host found in an asset of a take: the control's curve, evaluated by the engine's own function. */
struct FSampler
{
	FName Control;
	TFunction<float(float)> Eval;
};

/** One sampler a control of the take, in its order; empty, with a sentence, when an asset does not hold one. */
TArray<FSampler> SamplersOf(EMicroExpressionTarget Target, const FMicroExpressionTake& Take,
	const FMicroExpressionImportResult& Imported, FText& OutError);

/**
 * `time,<control>,...` at k / Fps for k = 0..floor(Duration * Fps), float32 with 9 significant digits. Empty when it is
 * written; else a sentence: the file cannot be, it would have too many samples, or End came first.
 */
FString WriteCsv(const FString& Path, const TArray<FSampler>& Samplers, double DurationSeconds, double Fps,
	std::chrono::steady_clock::time_point End);
