// A row of the AU dictionary: one key of one control's curve. Runtime module, so that tables of it can be cooked.
#pragma once

#include "CoreMinimal.h"
#include "Curves/RichCurve.h"
#include "Engine/DataTable.h"

#include "MicroExpressionKeyRow.generated.h"

/**
 * Rows are named `<Curve>_k00001`, `<Curve>_k00002`, ... in time order. Time and Disp are the paper's two columns
 * (AU_GCN_CUR, section 3.4: RowValue->Time, RowValue->Disp) and all that `microexpr convert --format audict` writes;
 * the defaults of the others make a Cubic key with automatic tangents of such a row.
 * Not run in an editor.
 */
USTRUCT(BlueprintType)
struct MICROEXPRESSION_API FMicroExpressionKeyRow : public FTableRowBase
{
	GENERATED_BODY()

	/** Seconds from the take's first frame. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float Time = 0.0f;

	/** Displacement: the control's value, 1 is the rig's full weight. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float Disp = 0.0f;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	TEnumAsByte<ERichCurveInterpMode> InterpMode = RCIM_Cubic;

	/** Auto: the tangents below are recomputed. User, Break: they are taken as they are. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	TEnumAsByte<ERichCurveTangentMode> TangentMode = RCTM_Auto;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	TEnumAsByte<ERichCurveTangentWeightMode> TangentWeightMode = RCTWM_WeightedNone;

	/** Value units a second. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float ArriveTangent = 0.0f;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float ArriveTangentWeight = 0.0f;

	/** Value units a second. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float LeaveTangent = 0.0f;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "MicroExpression")
	float LeaveTangentWeight = 0.0f;
};
