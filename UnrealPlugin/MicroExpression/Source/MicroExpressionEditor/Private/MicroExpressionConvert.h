// The border between the core library and the engine. MicroExpressionConvert*.cpp are the only sources that name both
// worlds; this header needs none of the core's. The AU dictionary and key building are the engine's side of it.
#pragma once

#include "CoreMinimal.h"
#include "Curves/RichCurve.h"
#include "MicroExpressionTypes.h"

class UDataTable;
struct microexpr_curve;
struct microexpr_take;
struct microexpr_take_summary;

namespace MicroExpressionConvert
{
	// --- Keys

	/**
	 * Sets all keys at once and recomputes the tangents of the automatic ones in one pass, O(N).
	 * Keys must be in time order; User and Break keys keep the tangents they bring. What is recomputed comes of float
	 * times: ten minutes into a take it moved curves of 0.25 by 4e-6, less than the rounding of the times itself (3e-5).
	 */
	void SetCurveKeys(FRichCurve& Curve, const TArray<FRichCurveKey>& Keys);

	/**
	 * The same curve as the paper makes it (AU_GCN_CUR, section 3.4): AddKey, SetKeyTangentMode, SetKeyInterpMode for
	 * every key, each of which recomputes the whole curve: O(N^2). Kept as the reference that SetCurveKeys is tested
	 * against. Cubic keys with automatic tangents only.
	 */
	void AddCurveKeysOneByOne(FRichCurve& Curve, const TArray<FRichCurveKey>& Keys);

	/**
	 * The keys with their tangents made explicit: Auto becomes User, or Break where the two sides differ. For
	 * AnimSequence, where Sequencer's own rule would recompute automatic tangents.
	 */
	TArray<FRichCurveKey> ExplicitKeys(const FRichCurve& Curve);

	// --- AU dictionary

	/** `<Curve>_k00001` for Index 0. */
	FName KeyRowName(FName Curve, int32 Index);

	/** Adds the keys of all curves to a table whose row struct is FMicroExpressionKeyRow. */
	void AddToDictionary(UDataTable& Dictionary, const TArray<FMicroExpressionNamedCurve>& Curves);

	/**
	 * Reads one curve by FindRow, row after row until one is missing. False, with a sentence, when the table has no
	 * such curve, another row struct, or rows out of time order.
	 */
	bool CurveFromDictionary(const UDataTable& Dictionary, FName Curve, FRichCurve& OutCurve, FText& OutError);

	/** Reads all curves, in the order of their first rows. */
	bool CurvesFromDictionary(
		const UDataTable& Dictionary, TArray<FMicroExpressionNamedCurve>& OutCurves, FText& OutError);

	// --- Core to engine

	FString FromUtf8(const char* Utf8);

	/** Copies field by field. False, with a sentence, when a mode is unknown or a number is not finite. */
	bool ToCurve(const microexpr_curve& Curve, FRichCurve& OutCurve, FText& OutError);
	FMicroExpressionTakeSummary ToSummary(const microexpr_take_summary& Summary);
	/** Fills all but Summary.TakeId, Emotion, SourceName and Sequence, which a take does not know. */
	bool ToTake(const microexpr_take* Take, FMicroExpressionTake& OutTake, FText& OutError);
}
