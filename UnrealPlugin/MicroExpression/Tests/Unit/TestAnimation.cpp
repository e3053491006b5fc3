// AnimSequence: the controller's order of calls, explicit tangents, lengths; and that the shim sees a wrong order.
#include "Animation/AnimSequence.h"
#include "Check.h"
#include "MicroExpressionAnimation.h"
#include "MicroExpressionAssets.h"
#include "ScopedTransaction.h"
#include "Takes.h"
#include "UObject/Package.h"

#define LOCTEXT_NAMESPACE "Test"

namespace
{
	using FBracket = IAnimationDataController::FScopedBracket;

	USkeleton* NewSkeleton(const TCHAR* Name)
	{
		return NewObject<USkeleton>(
			CreatePackage(*(FString(TEXT("/Game/Face/")) + Name)), FName(Name), RF_Public | RF_Standalone);
	}

	UAnimSequence* NewSequence()
	{
		static int32 Count = 0;
		const FString Name = FString::Printf(TEXT("A_%d"), ++Count);
		return NewObject<UAnimSequence>(
			CreatePackage(*(TEXT("/Game/Anim/") + Name)), FName(*Name), RF_Public | RF_Standalone);
	}

	void WritesCurves()
	{
		USkeleton* Skeleton = NewSkeleton(TEXT("SK_A"));
		FMicroExpressionTake Take = Test::Take(TEXT("walk"));
		UAnimSequence* Sequence = NewSequence();
		FText Error;
		EXPECT(MicroExpressionAnimation::Write(*Sequence, true, Take, Skeleton, Error) && Error.IsEmpty());
		const IAnimationDataModel* Model = Sequence->GetDataModel();
		EXPECT(Model->GetFrameRate() == FFrameRate(30000, 1001) && Model->GetNumberOfFrames() == 30);
		EXPECT(
			Model->GetPlayLength() >= 1.0 && Sequence->GetSkeleton() == Skeleton && Model->GetFloatCurves().Num() == 2);
		const FFloatCurve* Curve = Model->FindFloatCurve({TEXT("jawOpen"), ERawCurveTrackTypes::RCT_Float});
		EXPECT(Curve && Curve->FloatCurve.Keys[2].TangentMode == RCTM_User);
		for (float Time = -0.1f; Time < 1.2f; Time += 0.01f)
		{
			EXPECT(Curve->FloatCurve.Eval(Time) == Take.Curves[1].Curve.Eval(Time));
		}

		Take.Curves = {Test::Bump(TEXT("other"), 0.5f, 0.75f)}; // its last key lies beyond the duration
		EXPECT(MicroExpressionAnimation::Write(*Sequence, false, Take, Skeleton, Error));
		EXPECT(
			Model->GetFloatCurves().Num() == 1 && Model->GetPlayLength() >= 1.75 && Model->GetNumberOfFrames() == 53);
		EXPECT(!MicroExpressionAnimation::Write(*Sequence, false, Take, NewSkeleton(TEXT("SK_B")), Error));
		EXPECT_TEXT(Error.ToString(), "belongs to another skeleton");
	}

	/** A duration of whole frames, as the video's, is that many frames; the shortest has one. */
	void Lengths()
	{
		USkeleton* Skeleton = NewSkeleton(TEXT("SK_L"));
		FText Error;
		for (const int32 Frames : {1, 2, 29, 30, 1000, 17982})
		{
			UAnimSequence* Sequence = NewSequence();
			FMicroExpressionTake Take = Test::Take(TEXT("length"));
			Take.Summary.DurationSeconds = Frames / (30000.0 / 1001.0);
			Take.Curves = {Test::Bump(TEXT("a"), 0.5f)};
			Take.Curves[0].Curve.Keys.Reset();
			EXPECT(MicroExpressionAnimation::Write(*Sequence, true, Take, Skeleton, Error));
			EXPECT(Sequence->GetDataModel()->GetNumberOfFrames() == Frames);
		}
	}

	void Problems()
	{
		FMicroExpressionTake Take = Test::Take(TEXT("early"));
		EXPECT_TEXT(MicroExpressionAnimation::ProblemWith(Take, nullptr).ToString(), "needs a skeleton");
		USkeleton* Skeleton = NewSkeleton(TEXT("SK_P"));
		EXPECT(MicroExpressionAnimation::ProblemWith(Take, Skeleton).IsEmpty());
		Take.Curves.Add(Test::Bump(TEXT("early"), 0.5f, -0.5f));
		EXPECT_TEXT(
			MicroExpressionAnimation::ProblemWith(Take, Skeleton).ToString(), "early has a key before the first frame");
		FMicroExpressionImportOptions Options;
		Options.Targets = EMicroExpressionTarget::AnimSequence | EMicroExpressionTarget::CurveTable;
		EXPECT(MicroExpressionAssets::Import(Take, Options).Assets.IsEmpty());
		Options.Targets = EMicroExpressionTarget::CurveTable;
		EXPECT(MicroExpressionAssets::Import(Take, Options).Succeeded());
	}

	/** A take whose end is far away is refused at once: a step a frame would hold up the editor for minutes. */
	void EndsFarAway()
	{
		USkeleton* Skeleton = NewSkeleton(TEXT("SK_F"));
		const auto Problem = [Skeleton](double Duration, float Start, const FFrameRate& Rate)
		{
			FMicroExpressionTake Take = Test::Take(TEXT("far"));
			Take.Summary.DurationSeconds = Duration;
			Take.FrameRate = Rate;
			Take.Curves = {Test::Bump(TEXT("a"), 0.5f, Start)};
			FText Error;
			UAnimSequence* Sequence = NewSequence();
			const FString Found = MicroExpressionAnimation::ProblemWith(Take, Skeleton).ToString();
			EXPECT(MicroExpressionAnimation::Write(*Sequence, true, Take, Skeleton, Error) == Found.IsEmpty());
			EXPECT(Error.ToString() == Found);
			return Found;
		};
		const FFrameRate Film(24, 1), Fast(MAX_int32, 1);
		EXPECT(Problem(86400.0, 0.0f, Film).IsEmpty());
		EXPECT(Problem(1.0, 86398.0f, Film).IsEmpty());
		EXPECT_TEXT(Problem(86401.0, 0.0f, Film), "far is longer than an animation");
		EXPECT_TEXT(Problem(1e9, 0.0f, Film), "is longer");
		EXPECT_TEXT(Problem(1.0, 1e9f, Film), "is longer");
		EXPECT_TEXT(Problem(1.0, 1e30f, Film), "is longer");
		EXPECT_TEXT(Problem(2.0, 0.0f, Fast), "is longer"); // within a day, but no frame number
	}

	void Violates(const TCHAR* Rule,
		void (*Do)(UAnimSequence&, IAnimationDataController&, const FAnimationCurveIdentifier&), int Line)
	{
		static USkeleton* Skeleton = NewSkeleton(TEXT("SK_V"));
		UAnimSequence* Sequence = NewSequence();
		Sequence->SetSkeleton(Skeleton);
		const FAnimationCurveIdentifier Id(TEXT("jawOpen"), ERawCurveTrackTypes::RCT_Float);
		Do(*Sequence, Sequence->GetController(), Id);
		Test::ExpectText(FString::Join(Test::TakeViolations(), TEXT("; ")), Rule, __FILE__, Line);
	}

	FText TitleOf()
	{
		return LOCTEXT("Title", "test");
	}

	/** Keys that an AnimSequence would not take, or would change. */
	void KeysAreWatched()
	{
		Violates(
			TEXT("is not in [0, play length]"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier& Id)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				C.SetFrameRate(FFrameRate(30, 1));
				C.SetNumberOfFrames(30);
				C.AddCurve(Id);
				C.SetCurveKeys(Id, {FRichCurveKey(1.5f, 0.0f)});
				C.NotifyPopulated();
			},
			__LINE__);
		Violates(
			TEXT("without explicit tangents"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier& Id)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				C.SetFrameRate(FFrameRate(30, 1));
				C.SetNumberOfFrames(30);
				C.AddCurve(Id);
				C.SetCurveKeys(Id, Test::Bump(TEXT("a"), 1.0f).Curve.Keys);
				C.NotifyPopulated();
			},
			__LINE__);
	}

	/** The shim would see each of the mistakes that the order of calls guards against. */
	void TheOrderIsWatched()
	{
		Violates(
			TEXT("changes belong in a bracket"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{ C.SetFrameRate(FFrameRate(30, 1)); },
			__LINE__);
		Violates(
			TEXT("InitializeModel comes first"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				const FBracket Bracket(C, TitleOf());
				C.SetFrameRate(FFrameRate(30, 1));
			},
			__LINE__);
		Violates(
			TEXT("SetFrameRate before SetNumberOfFrames"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				C.SetNumberOfFrames(10);
			},
			__LINE__);
		Violates(
			TEXT("SetNumberOfFrames before SetCurveKeys"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier& Id)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				C.AddCurve(Id);
				C.SetCurveKeys(Id, {});
			},
			__LINE__);
		Violates(
			TEXT("NotifyPopulated before the bracket closes"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
			},
			__LINE__);
		Violates(
			TEXT("no FScopedTransaction around it"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				const FScopedTransaction Transaction(TitleOf());
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				C.NotifyPopulated();
			},
			__LINE__);
		Violates(
			TEXT("WaitOnExistingCompression"),
			[](UAnimSequence&, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				for (int32 Pass = 0; Pass < 2; ++Pass)
				{
					const FBracket Bracket(C, TitleOf());
					if (Pass == 0)
					{
						C.InitializeModel();
					}
					C.NotifyPopulated();
				}
			},
			__LINE__);
		Violates(
			TEXT("PostEditChange after the bracket closed"),
			[](UAnimSequence& Sequence, IAnimationDataController& C, const FAnimationCurveIdentifier&)
			{
				const FBracket Bracket(C, TitleOf());
				C.InitializeModel();
				Sequence.PostEditChange();
				C.NotifyPopulated();
			},
			__LINE__);
	}
}

#undef LOCTEXT_NAMESPACE

int main()
{
	WritesCurves();
	Lengths();
	Problems();
	EndsFarAway();
	KeysAreWatched();
	TheOrderIsWatched();
	return Test::Report();
}
