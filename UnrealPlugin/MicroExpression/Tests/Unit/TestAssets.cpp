// Takes into assets: what is made, what is refused, undo, saving, cancelling.
#include "Animation/AnimSequence.h"
#include "AssetRegistry/AssetRegistryModule.h"
#include "Check.h"
#include "Curves/CurveFloat.h"
#include "Engine/CurveTable.h"
#include "Engine/DataTable.h"
#include "FileHelpers.h"
#include "MicroExpressionAssets.h"
#include "MicroExpressionKeyRow.h"
#include "Misc/PackageName.h"
#include "Misc/ScopedSlowTask.h"
#include "ScopedTransaction.h"
#include "Takes.h"
#include "UObject/Package.h"

namespace
{
	using MicroExpressionAssets::Import;

	USkeleton* NewSkeleton(const TCHAR* Name)
	{
		return NewObject<USkeleton>(
			CreatePackage(*(FString(TEXT("/Game/Face/")) + Name)), FName(Name), RF_Public | RF_Standalone);
	}

	FMicroExpressionImportOptions Into(
		const TCHAR* Folder, EMicroExpressionTarget Targets = EMicroExpressionTarget::All)
	{
		static USkeleton* Skeleton = NewSkeleton(TEXT("SK_Shared"));
		FMicroExpressionImportOptions Options;
		Options.Folder = Folder;
		Options.Targets = Targets;
		Options.Skeleton = Skeleton;
		return Options;
	}

	void MakesAllAssets()
	{
		const FMicroExpressionTake Take = Test::Take(TEXT("my.take-1"));
		const FMicroExpressionImportOptions Options = Into(TEXT("/Game/Made/"));
		EXPECT(MicroExpressionAssets::ExistingAssets(Take, Options).IsEmpty());
		const int32 Created = Shim::CreatedAssets().Num();
		const FMicroExpressionImportResult Result = Import(Take, Options);
		EXPECT(Result.Succeeded() && Result.Assets.Num() == 5 && Result.Existing.IsEmpty());
		EXPECT(Shim::CreatedAssets().Num() == Created + 5);
		EXPECT(MicroExpressionAssets::ExistingAssets(Take, Options).Num() == 5);
		EXPECT(
			MicroExpressionAssets::PackageNames(Take, Options).Contains(TEXT("/Game/Made/my_take_1/Curves/jawOpen")));
		for (UObject* Asset : Result.Assets)
		{
			const FString Package = Asset->GetPackage()->GetName();
			EXPECT(!Asset->GetPackage()->IsDirty() && FPackageName::DoesPackageExist(Package));
			// Saved after it was filled: what the file holds is what the asset holds.
			EXPECT(Shim::SavedContent(Package).EndsWith(Asset->ShimContent()) && Asset->ShimContent().Len() > 20);
			EXPECT(Asset->HasAnyFlags(RF_Transactional));
		}
		const UCurveTable* Table = LoadObject<UCurveTable>(nullptr, TEXT("/Game/Made/my_take_1/CT_my_take_1"));
		EXPECT(Table && Table->GetCurveTableMode() == ECurveTableMode::RichCurves);
		EXPECT(*Table->FindRichCurve(TEXT("jawOpen"), TEXT("test")) == Take.Curves[1].Curve);
		const UCurveFloat* Curve =
			LoadObject<UCurveFloat>(nullptr, TEXT("/Game/Made/my_take_1/Curves/CTRL_expressions_browDownL"));
		EXPECT(Curve && Curve->FloatCurve == Take.Curves[0].Curve && Curve->ShimChanges == 1);
		EXPECT(LoadObject<UDataTable>(nullptr, TEXT("/Game/Made/my_take_1/DT_my_take_1"))->GetRowNames().Num() == 10);
		EXPECT(Shim::Undo().IsEmpty()); // making assets is no step of undo
	}

	void OverwritesOnlyWhenTold()
	{
		FMicroExpressionTake Take = Test::Take(TEXT("again"));
		FMicroExpressionImportOptions Options = Into(TEXT("/Game/Again"));
		const FMicroExpressionImportResult First = Import(Take, Options);
		UCurveFloat* Curve = LoadObject<UCurveFloat>(nullptr, TEXT("/Game/Again/again/Curves/jawOpen"));
		UCurveTable* Table = LoadObject<UCurveTable>(nullptr, TEXT("/Game/Again/again/CT_again"));
		const FRichCurve Before = Curve->FloatCurve;
		const FString TableBefore = Table->ShimContent(), RowsBefore = First.Assets[1]->ShimContent();
		Take.Curves = {Test::Bump(TEXT("jawOpen"), 0.5f), Test::Bump(TEXT("noseSneer"), 0.25f)};
		const FMicroExpressionImportResult Refused = Import(Take, Options);
		EXPECT(!Refused.Succeeded() && Refused.Assets.IsEmpty() && Refused.Existing.Num() == 4);
		EXPECT_TEXT(Refused.Error.ToString(), "exists: allow it to be overwritten");
		EXPECT(Curve->FloatCurve == Before && Table->ShimContent() == TableBefore);
		EXPECT(!FindObject<UObject>(nullptr, TEXT("/Game/Again/again/Curves/noseSneer")));

		Options.bOverwrite = true;
		const FMicroExpressionImportResult Allowed = Import(Take, Options);
		EXPECT(Allowed.Succeeded() && Allowed.Assets.Num() == 5 && Allowed.Assets.Contains(Curve));
		EXPECT(Curve->FloatCurve == Take.Curves[0].Curve && Table->GetRichCurveRowMap().Num() == 2);
		EXPECT(!Table->FindRichCurve(TEXT("CTRL_expressions_browDownL"), TEXT("test"), false));

		EXPECT(Shim::Undo() == TEXT("Import Micro-Expressions"));
		EXPECT(Curve->FloatCurve == Before && Table->ShimContent() == TableBefore);
		EXPECT(Allowed.Assets[1]->ShimContent() == RowsBefore);
		EXPECT(Shim::Undo().IsEmpty());
	}

	void RefusedBecause(
		const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options, const TCHAR* Part, int Line)
	{
		const int32 Created = Shim::CreatedAssets().Num();
		const FMicroExpressionImportResult Result = Import(Take, Options);
		Test::Expect(!Result.Succeeded() && Result.Assets.IsEmpty() && Shim::CreatedAssets().Num() == Created,
			"nothing is written", __FILE__, Line);
		Test::ExpectText(Result.Error.ToString(), Part, __FILE__, Line);
	}

	void Refusals()
	{
		FMicroExpressionTake Take = Test::Take(TEXT("take"));
		RefusedBecause(
			Take, Into(TEXT("/Game/R"), EMicroExpressionTarget::None), TEXT("Nothing to import to"), __LINE__);
		RefusedBecause(Take, Into(TEXT("/Nowhere/R")), TEXT("choose another folder"), __LINE__);
		RefusedBecause(Take, Into(TEXT("/Game/my folder")), TEXT("choose another folder"), __LINE__);
		FString Long = TEXT("/Game/");
		for (int32 Count = 0; Count < 300; ++Count)
		{
			Long += TEXT("x");
		}
		RefusedBecause(Take, Into(*Long), TEXT("is too long"), __LINE__);

		NewObject<UCurveTable>(CreatePackage(TEXT("/Game/R/take/DT_take")), TEXT("DT_take"), RF_Public | RF_Standalone);
		FMicroExpressionImportOptions Options = Into(TEXT("/Game/R"));
		Options.bOverwrite = true;
		RefusedBecause(Take, Options, TEXT("exists and is no DataTable"), __LINE__);

		Take.Curves.Add(Test::Bump(TEXT("jaw.open"), 0.5f));
		Take.Curves.Add(Test::Bump(TEXT("jaw-Open"), 0.5f));
		RefusedBecause(Take, Into(TEXT("/Game/R2")), TEXT("jaw.open and jaw-Open would be one asset"), __LINE__);
		Take.Curves.Reset();
		RefusedBecause(Take, Into(TEXT("/Game/R3")), TEXT("has no curves"), __LINE__);
	}

	void ACancelledImportStopsAndSaysSo()
	{
		Shim::CancelAfter(2);
		const FMicroExpressionImportResult Result = Import(Test::Take(TEXT("cancelled")), Into(TEXT("/Game/C")));
		Shim::CancelAfter(-1);
		EXPECT(Result.bCancelled && Result.Error.IsEmpty() && !Result.Succeeded() && Result.Assets.Num() == 1);
		EXPECT(!FPackageName::DoesPackageExist(Result.Assets[0]->GetPackage()->GetName())); // nor saved
		FMicroExpressionImportOptions Quiet = Into(TEXT("/Game/C2"));
		Quiet.bDialog = false;
		Shim::CancelAfter(0);
		EXPECT(Import(Test::Take(TEXT("quiet")), Quiet).Succeeded());
		Shim::CancelAfter(-1);
	}

	void AFileThatCannotBeWritten()
	{
		Shim::MakeReadOnly(TEXT("/Game/S/locked/CT_locked"));
		const FMicroExpressionTake Take = Test::Take(TEXT("locked"));
		const FMicroExpressionImportResult Result = Import(Take, Into(TEXT("/Game/S")));
		EXPECT(!Result.Succeeded() && Result.Assets.Num() == 5 && Result.Assets[0]->GetPackage()->IsDirty());
		EXPECT_TEXT(Result.Error.ToString(), "/Game/S/locked/CT_locked was imported but not saved");
		EXPECT(FPackageName::DoesPackageExist(TEXT("/Game/S/locked/DT_locked")));
		FMicroExpressionImportOptions Unsaved = Into(TEXT("/Game/S2"));
		Unsaved.bSave = false;
		const FMicroExpressionImportResult Kept = Import(Take, Unsaved);
		EXPECT(Kept.Succeeded() && Kept.Assets[0]->GetPackage()->IsDirty()
			&& !FPackageName::DoesPackageExist(TEXT("/Game/S2/locked/CT_locked")));
		// Unsaved assets are in the way as much as saved ones.
		EXPECT(!Import(Take, Unsaved).Succeeded());
	}
}

int main()
{
	MakesAllAssets();
	OverwritesOnlyWhenTold();
	Refusals();
	ACancelledImportStopsAndSaysSo();
	AFileThatCannotBeWritten();
	return Test::Report();
}
