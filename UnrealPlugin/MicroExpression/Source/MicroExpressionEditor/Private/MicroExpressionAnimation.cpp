// The order of calls is the engine's rule, see the class's comments there; not run in an editor.
#include "MicroExpressionAnimation.h"

#include "Animation/AnimData/IAnimationDataController.h"
#include "Animation/AnimSequence.h"
#include "Animation/Skeleton.h"
#include "MicroExpressionConvert.h"

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** Longer than any take; and what a sequence's frame number still holds at any usual rate. */
	constexpr double MaxSeconds = 24.0 * 3600.0;

	/**
	 * Frames of the take's rate that cover its duration and every key: key times must lie in [0, play length]. False when
	 * they are more than a day's, or more than a frame number holds.
	 */
	bool CoverWithFrames(const FMicroExpressionTake& Take, FFrameNumber& OutFrames)
	{
		// A duration of whole frames may lie a rounding error above them.
		constexpr double Slack = 1e-6;
		double LastKey = 0.0;
		for (const FMicroExpressionNamedCurve& Named : Take.Curves)
		{
			if (!Named.Curve.IsEmpty())
			{
				LastKey = FMath::Max<double>(LastKey, Named.Curve.GetConstRefOfKeys().Last().Time);
			}
		}
		const double Seconds = FMath::Max(Take.Summary.DurationSeconds, LastKey);
		const double Frames = Seconds * Take.FrameRate.AsDecimal() - Slack;
		if (!(Seconds <= MaxSeconds && Frames < MAX_int32 - 1)) // nor is a duration that is no number one
		{
			return false;
		}
		OutFrames = FFrameNumber(FMath::Max(1, FMath::CeilToInt32(Frames)));
		if (Take.FrameRate.AsSeconds(OutFrames) < LastKey) // the slack was the key's
		{
			++OutFrames.Value;
		}
		return true;
	}

	FText TooLong(const FMicroExpressionTake& Take)
	{
		return FText::Format(LOCTEXT("TooLong",
								 "Take {0} is longer than an animation of its frame rate may be, 24 hours at most: "
								 "import a curve table."),
			FText::FromString(Take.Summary.TakeId));
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
		FFrameNumber Frames;
		return CoverWithFrames(Take, Frames) ? FText::GetEmpty() : TooLong(Take);
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
		FFrameNumber Frames;
		if (!CoverWithFrames(Take, Frames))
		{
			OutError = TooLong(Take);
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
		Controller.SetNumberOfFrames(Frames, bTransact);
		const bool bWritten = WriteCurves(Controller, bTransact, Take, OutError);
		Controller.NotifyPopulated();
		return bWritten;
	}
}

#undef LOCTEXT_NAMESPACE
