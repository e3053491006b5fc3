// A take into an AnimSequence's float curves. Part of Assets; game thread only.
#pragma once

#include "CoreMinimal.h"
#include "MicroExpressionTypes.h"

class UAnimSequence;
class USkeleton;

namespace MicroExpressionAnimation
{
	/** Why the take cannot become an animation of this skeleton; empty when it can. */
	FText ProblemWith(const FMicroExpressionTake& Take, const USkeleton* Skeleton);

	/** False, with a sentence, when the controller refused a curve or the sequence is another skeleton's. */
	bool Write(
		UAnimSequence& Sequence, bool bNew, const FMicroExpressionTake& Take, USkeleton* Skeleton, FText& OutError);
}
