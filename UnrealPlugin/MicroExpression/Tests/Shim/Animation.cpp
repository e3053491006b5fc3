// Shim: the animation model and its controller, with the order of calls watched.
#include "Animation/AnimSequence.h"
#include "ScopedTransaction.h"

struct FShimController final : public IAnimationDataController, public IAnimationDataModel
{
	explicit FShimController(UAnimSequence& InSequence) : Sequence(InSequence) {}

	void OpenBracket(const FText&, bool) override
	{
		Require(!Shim::IsInTransaction(),
			"AnimSequence: the controller makes its own undo records: no FScopedTransaction around it");
		Require(Sequence.GetSkeleton() != nullptr, "AnimSequence: SetSkeleton comes first");
		Require(
			!bExisting || bWaited, "AnimSequence: WaitOnExistingCompression before an existing sequence is written");
		++Depth;
	}
	void CloseBracket(bool) override
	{
		Require(Depth == 1 && bPopulated, "AnimSequence: NotifyPopulated before the bracket closes");
		--Depth;
		bExisting = true;
		bWaited = bPopulated = false;
	}
	void InitializeModel() override
	{
		Require(Depth == 1 && !bInitialized, "AnimSequence: InitializeModel once, within a bracket, on a new sequence");
		bInitialized = true;
	}
	void SetFrameRate(FFrameRate InRate, bool) override
	{
		RequireOpen();
		Require(InRate.IsValid() && InRate.Numerator > 0, "AnimSequence: the frame rate is not one");
		Rate = InRate;
		bRate = true;
	}
	void SetNumberOfFrames(FFrameNumber Length, bool) override
	{
		RequireOpen();
		Require(bRate, "AnimSequence: SetFrameRate before SetNumberOfFrames");
		Require(Length.Value > 0, "AnimSequence: it needs a frame");
		Frames = Length.Value;
	}
	bool AddCurve(const FAnimationCurveIdentifier& Id, int32, bool) override
	{
		RequireOpen();
		Require(
			Id.CurveType == ERawCurveTrackTypes::RCT_Float && !Id.CurveName.IsNone(), "AnimSequence: no float curve");
		if (FindFloatCurve(Id))
		{
			return false;
		}
		Curves.AddDefaulted_GetRef().CurveName = Id.CurveName;
		return true;
	}
	bool SetCurveKeys(const FAnimationCurveIdentifier& Id, const TArray<FRichCurveKey>& Keys, bool) override
	{
		RequireOpen();
		Require(Frames > 0, "AnimSequence: SetNumberOfFrames before SetCurveKeys");
		for (const FRichCurveKey& Key : Keys)
		{
			Require(Key.Time >= 0.0f && Key.Time <= GetPlayLength(),
				"AnimSequence: a key's time is not in [0, play length]");
			// Sequencer's rule would recompute them: the curve would not be ours (A.8).
			Require(Key.InterpMode != RCIM_Cubic || Key.TangentMode == RCTM_User || Key.TangentMode == RCTM_Break,
				"AnimSequence: a cubic key without explicit tangents");
		}
		FFloatCurve* Curve = const_cast<FFloatCurve*>(FindFloatCurve(Id));
		if (Curve)
		{
			Curve->FloatCurve.SetKeys(Keys);
		}
		return Curve != nullptr;
	}
	void RemoveAllCurvesOfType(ERawCurveTrackTypes Type, bool) override
	{
		RequireOpen();
		if (Type == ERawCurveTrackTypes::RCT_Float)
		{
			Curves.Reset();
		}
	}
	void NotifyPopulated() override
	{
		RequireOpen();
		bPopulated = true;
	}

	double GetPlayLength() const override { return Rate.AsSeconds(Frames); }
	int32 GetNumberOfFrames() const override { return Frames; }
	FFrameRate GetFrameRate() const override { return Rate; }
	const TArray<FFloatCurve>& GetFloatCurves() const override { return Curves; }
	const FFloatCurve* FindFloatCurve(const FAnimationCurveIdentifier& Id) const override
	{
		return Curves.FindByPredicate([&Id](const FFloatCurve& Curve) { return Curve.CurveName == Id.CurveName; });
	}

	static void Require(bool bHolds, const char* Rule)
	{
		if (!bHolds)
		{
			Shim::Violate(Rule);
		}
	}
	void RequireOpen() const
	{
		Require(Depth == 1, "AnimSequence: changes belong in a bracket");
		Require(bInitialized, "AnimSequence: InitializeModel comes first");
		Require(!bPopulated, "AnimSequence: nothing after NotifyPopulated");
	}

	UAnimSequence& Sequence;
	FFrameRate Rate = FFrameRate(30, 1);
	int32 Frames = 0;
	int32 Depth = 0;
	bool bInitialized = false, bRate = false, bPopulated = false, bExisting = false, bWaited = false;
	TArray<FFloatCurve> Curves;
};

UAnimSequence::UAnimSequence() : Controller(new FShimController(*this)) {}

UAnimSequence::~UAnimSequence()
{
	delete Controller;
}

IAnimationDataController& UAnimSequence::GetController()
{
	return *Controller;
}

const IAnimationDataModel* UAnimSequence::GetDataModel() const
{
	return Controller;
}

void UAnimSequence::WaitOnExistingCompression(bool)
{
	Controller->bWaited = true;
}

void UAnimSequence::PostEditChange()
{
	FShimController::Require(Controller->Depth == 0, "AnimSequence: PostEditChange after the bracket closed");
}

FString UAnimSequence::ShimContent() const
{
	FString Content = FString::Printf(
		TEXT("%d/%d x%d"), Controller->Rate.Numerator, Controller->Rate.Denominator, Controller->Frames);
	for (const FFloatCurve& Curve : Controller->Curves)
	{
		Content += TEXT(" ") + Curve.CurveName.ToString() + TEXT("=") + Curve.FloatCurve.ShimContent();
	}
	return Content;
}
