// The order of calls is the engine's rule, see the class's comments there; not run in an editor.
#include "MicroExpressionAnimation.h"

#include "Animation/AnimData/IAnimationDataController.h"
#include "Animation/AnimSequence.h"
#include "Animation/Skeleton.h"
#include "MicroExpressionConvert.h"

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** Frames of the take's rate that cover its duration and every key: key times must lie in [0, play length]. */
	FFrameNumber CoveringFrames(const FMicroExpressionTake& Take)
	{
		// A duration of whole frames may lie a rounding error above them.
		constexpr double Slack = 1e-6;
		const double Duration = Take.Summary.DurationSeconds * Take.FrameRate.AsDecimal() - Slack;
		FFrameNumber Frames(FMath::Max(1, FMath::CeilToInt32(Duration)));
		for (const FMicroExpressionNamedCurve& Named : Take.Curves)
		{
			while (!Named.Curve.IsEmpty()
				&& Take.FrameRate.AsSeconds(Frames) < Named.Curve.GetConstRefOfKeys().Last().Time)
			{
				++Frames.Value;
			}
		}
		return Frames;
	}

	bool WriteCurves(
		IAnimationDataController& Controller, bool bTransact, const FMicroExpressionTake& Take, FText& OutError)
	{
		for (const FMicroExpressionNamedCurve& Named : Take.Curves)
		{
			const FAnimationCurveIdentifier Id(Named.Name, ERawCurveTrackTypes::RCT_Float);
			Controller.AddCurve(Id, AACF_DefaultCurve, bTransact);
			if (!Controller.SetCurveKeys(Id, MicroExpressionConvert::ExplicitKeys(Named.Curve), bTransact))
			{
				OutError =
					FText::Format(LOCTEXT("NoCurveKeys",
									  "The animation took no keys for {0}: import a curve table, and report the log."),
						FText::FromName(Named.Name));
				return false;
			}
		}
		return true;
	}
}

namespace MicroExpressionAnimation
{
	FText ProblemWith(const FMicroExpressionTake& Take, const USkeleton* Skeleton)
	{
		if (!Skeleton)
		{
			return LOCTEXT("NoSkeleton", "An animation needs a skeleton: choose the one of your character's face.");
		}
		for (const FMicroExpressionNamedCurve& Named : Take.Curves)
		{
			if (!Named.Curve.IsEmpty() && Named.Curve.GetConstRefOfKeys()[0].Time < 0.0f)
			{
				return FText::Format(
					LOCTEXT("NegativeKey",
						"{0} has a key before the first frame, which an animation cannot hold: import a curve table."),
					FText::FromName(Named.Name));
			}
		}
		return FText::GetEmpty();
	}

	bool Write(
		UAnimSequence& Sequence, bool bNew, const FMicroExpressionTake& Take, USkeleton* Skeleton, FText& OutError)
	{
		if (!bNew && Sequence.GetSkeleton() != Skeleton)
		{
			OutError = FText::Format(
				LOCTEXT("OtherSkeleton", "{0} belongs to another skeleton: choose that skeleton or another folder."),
				FText::FromString(Sequence.GetPathName()));
			return false;
		}
		if (bNew)
		{
			Sequence.SetSkeleton(Skeleton);
		}
		else
		{
			Sequence.WaitOnExistingCompression();
		}
		// A new asset cannot be undone; of an existing one the controller records what it changes.
		const bool bTransact = !bNew;
		IAnimationDataController& Controller = Sequence.GetController();
		const IAnimationDataController::FScopedBracket Bracket(
			Controller, LOCTEXT("ImportBracket", "Import Micro-Expressions"), bTransact);
		if (bNew)
		{
			Controller.InitializeModel();
		}
		else
		{
			// The take is all that this asset holds of curves: those of another rig would stay and move along.
			Controller.RemoveAllCurvesOfType(ERawCurveTrackTypes::RCT_Float, bTransact);
		}
		Controller.SetFrameRate(Take.FrameRate, bTransact);
		Controller.SetNumberOfFrames(CoveringFrames(Take), bTransact);
		const bool bWritten = WriteCurves(Controller, bTransact, Take, OutError);
		Controller.NotifyPopulated();
		return bWritten;
	}
}

#undef LOCTEXT_NAMESPACE
