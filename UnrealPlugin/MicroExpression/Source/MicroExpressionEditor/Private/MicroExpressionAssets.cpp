#include "MicroExpressionAssets.h"

#include "Animation/AnimSequence.h"
#include "AssetRegistry/AssetRegistryModule.h"
#include "Curves/CurveFloat.h"
#include "Engine/CurveTable.h"
#include "Engine/DataTable.h"
#include "FileHelpers.h"
#include "MicroExpressionAnimation.h"
#include "MicroExpressionConvert.h"
#include "MicroExpressionKeyRow.h"
#include "Misc/PackageName.h"
#include "Misc/ScopedSlowTask.h"
#include "ScopedTransaction.h"
#include "UObject/Package.h"

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** Paths of files have their limits too; the engine ends the program at 1024. */
	constexpr int32 MaxPackageNameLength = 240;

	/** An asset that an import will write. */
	struct FPlannedAsset
	{
		EMicroExpressionTarget Target = EMicroExpressionTarget::None;
		UClass* Class = nullptr;
		FString PackageName;
		/** Of the take; for CurveFloat. */
		int32 CurveIndex = INDEX_NONE;

		FString AssetName() const { return FPackageName::GetShortName(PackageName); }
		FString ObjectPath() const { return PackageName + TEXT(".") + AssetName(); }
	};

	FString SafeName(const FString& Name)
	{
		FString Result;
		for (int32 Index = 0; Index < Name.Len(); ++Index)
		{
			const TCHAR Char = Name[Index];
			Result.AppendChar(FChar::IsAlnum(Char) && Char < 128 ? Char : TEXT('_'));
		}
		return Result;
	}

	TArray<FPlannedAsset> Plan(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options)
	{
		TArray<FPlannedAsset> Assets;
		const FString Folder = MicroExpressionAssets::TakeFolder(Options, Take.Summary.TakeId);
		const FString TakeName = SafeName(Take.Summary.TakeId);
		const auto Add =
			[&](EMicroExpressionTarget Target, UClass* Class, const FString& Name, int32 CurveIndex = INDEX_NONE)
		{
			if (EnumHasAnyFlags(Options.Targets, Target))
			{
				FPlannedAsset& Asset = Assets.AddDefaulted_GetRef();
				Asset.Target = Target;
				Asset.Class = Class;
				Asset.PackageName = Folder / Name;
				Asset.CurveIndex = CurveIndex;
			}
		};
		Add(EMicroExpressionTarget::CurveTable, UCurveTable::StaticClass(), TEXT("CT_") + TakeName);
		Add(EMicroExpressionTarget::DataTable, UDataTable::StaticClass(), TEXT("DT_") + TakeName);
		for (int32 Index = 0; Index < Take.Curves.Num(); ++Index)
		{
			const FString Name = TEXT("Curves/") + SafeName(Take.Curves[Index].Name.ToString());
			Add(EMicroExpressionTarget::CurveFloat, UCurveFloat::StaticClass(), Name, Index);
		}
		Add(EMicroExpressionTarget::AnimSequence, UAnimSequence::StaticClass(), TEXT("A_") + TakeName);
		return Assets;
	}

	bool Exists(const FPlannedAsset& Asset)
	{
		return FPackageName::DoesPackageExist(Asset.PackageName) || FindObject<UObject>(nullptr, *Asset.ObjectPath());
	}

	/** Why this asset cannot be written; empty when it can. */
	FText ProblemWith(const FPlannedAsset& Asset, const FMicroExpressionImportOptions& Options)
	{
		FText Reason;
		if (Asset.PackageName.Len() > MaxPackageNameLength)
		{
			return FText::Format(LOCTEXT("LongName", "The name {0} is too long: choose a shorter folder or take id."),
				FText::FromString(Asset.PackageName.Left(MaxPackageNameLength)));
		}
		if (!FPackageName::IsValidLongPackageName(Asset.PackageName, /*bIncludeReadOnlyRoots*/ false, &Reason))
		{
			return FText::Format(LOCTEXT("BadFolder", "No asset can be named {0}: choose another folder. {1}"),
				FText::FromString(Asset.PackageName), Reason);
		}
		if (!Exists(Asset))
		{
			return FText::GetEmpty();
		}
		if (!Options.bOverwrite)
		{
			return FText::Format(LOCTEXT("Exists", "{0} exists: allow it to be overwritten, or choose another folder."),
				FText::FromString(Asset.PackageName));
		}
		const UObject* Found = LoadObject<UObject>(nullptr, *Asset.ObjectPath());
		if (!Found || !Found->IsA(Asset.Class))
		{
			return FText::Format(LOCTEXT("OtherClass", "{0} exists and is no {1}: choose another folder or remove it."),
				FText::FromString(Asset.PackageName), FText::FromString(Asset.Class->GetName()));
		}
		return FText::GetEmpty();
	}

	/** Why this take cannot be imported so; empty when it can. */
	FText ProblemWith(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options)
	{
		if (Take.Curves.IsEmpty())
		{
			return FText::Format(
				LOCTEXT("NoCurves", "Take {0} has no curves: convert a video in which a face is seen."),
				FText::FromString(Take.Summary.TakeId));
		}
		TMap<FString, FName> Names;
		for (const FMicroExpressionNamedCurve& Curve : Take.Curves)
		{
			const FString Safe = SafeName(Curve.Name.ToString());
			if (const FName* Other = Names.Find(Safe))
			{
				return FText::Format(
					LOCTEXT("SameName", "Controls {0} and {1} would be one asset: rename one in the rig mapping."),
					FText::FromName(*Other), FText::FromName(Curve.Name));
			}
			Names.Add(Safe, Curve.Name);
		}
		if (!EnumHasAnyFlags(Options.Targets, EMicroExpressionTarget::All))
		{
			return LOCTEXT(
				"NoTarget", "Nothing to import to: choose a curve table, curve assets, an animation or a dictionary.");
		}
		if (!EnumHasAnyFlags(Options.Targets, EMicroExpressionTarget::AnimSequence))
		{
			return FText::GetEmpty();
		}
		return Options.Skeleton.IsStale()
			? LOCTEXT("SkeletonGone", "The chosen skeleton is gone: choose a skeleton again, and import again.")
			: MicroExpressionAnimation::ProblemWith(Take, Options.Skeleton.Get());
	}

	/** The existing asset, made ready for undo when a transaction is open, or a new one. */
	template <typename AssetClass>
	AssetClass* MakeOrFind(const FPlannedAsset& Planned, bool& bOutNew)
	{
		AssetClass* Asset = Exists(Planned) ? LoadObject<AssetClass>(nullptr, *Planned.ObjectPath()) : nullptr;
		bOutNew = Asset == nullptr;
		if (bOutNew)
		{
			UPackage* Package = CreatePackage(*Planned.PackageName);
			Package->FullyLoad();
			Asset = NewObject<AssetClass>(
				Package, FName(*Planned.AssetName()), RF_Public | RF_Standalone | RF_Transactional);
		}
		else
		{
			Asset->SetFlags(RF_Transactional);
			Asset->Modify(); // of a new asset undo would leave an empty one behind
		}
		return Asset;
	}

	UObject* WriteCurveTable(const FPlannedAsset& Planned, const FMicroExpressionTake& Take, bool& bOutNew)
	{
		UCurveTable* Table = MakeOrFind<UCurveTable>(Planned, bOutNew);
		Table->EmptyTable();
		for (const FMicroExpressionNamedCurve& Named : Take.Curves)
		{
			Table->AddRichCurve(Named.Name) = Named.Curve;
		}
		Table->OnCurveTableChanged().Broadcast();
		return Table;
	}

	UObject* WriteDataTable(const FPlannedAsset& Planned, const FMicroExpressionTake& Take, bool& bOutNew)
	{
		UDataTable* Table = MakeOrFind<UDataTable>(Planned, bOutNew);
		if (!bOutNew)
		{
			Table->EmptyTable(); // needs the struct of the rows that are there
		}
		Table->RowStruct = FMicroExpressionKeyRow::StaticStruct();
		MicroExpressionConvert::AddToDictionary(*Table, Take.Curves);
		return Table;
	}

	UObject* WriteCurveFloat(const FPlannedAsset& Planned, const FMicroExpressionTake& Take, bool& bOutNew)
	{
		UCurveFloat* Curve = MakeOrFind<UCurveFloat>(Planned, bOutNew);
		Curve->FloatCurve = Take.Curves[Planned.CurveIndex].Curve;
		Curve->OnCurveChanged(Curve->GetCurves());
		return Curve;
	}

	UObject* Write(const FPlannedAsset& Planned, const FMicroExpressionTake& Take,
		const FMicroExpressionImportOptions& Options, FText& OutError)
	{
		bool bNew = false;
		UObject* Asset = nullptr;
		switch (Planned.Target)
		{
			case EMicroExpressionTarget::CurveTable:
				Asset = WriteCurveTable(Planned, Take, bNew);
				break;
			case EMicroExpressionTarget::DataTable:
				Asset = WriteDataTable(Planned, Take, bNew);
				break;
			case EMicroExpressionTarget::CurveFloat:
				Asset = WriteCurveFloat(Planned, Take, bNew);
				break;
			default:
			{
				UAnimSequence* Sequence = MakeOrFind<UAnimSequence>(Planned, bNew);
				MicroExpressionAnimation::Write(*Sequence, bNew, Take, Options.Skeleton.Get(), OutError);
				Asset = Sequence;
				break;
			}
		}
		if (bNew && !OutError.IsEmpty())
		{
			Asset->ClearFlags(RF_Public | RF_Standalone); // nobody shall see it, and the garbage collector takes it
			return nullptr;
		}
		Asset->PostEditChange();
		Asset->MarkPackageDirty();
		if (bNew)
		{
			FAssetRegistryModule::AssetCreated(Asset);
		}
		return Asset;
	}

	/** Writes those of the planned assets that belong (bAnimation) or do not belong to the animation system. */
	void WriteAll(const TArray<FPlannedAsset>& Planned, bool bAnimation, const FMicroExpressionTake& Take,
		const FMicroExpressionImportOptions& Options, FScopedSlowTask& Progress, FMicroExpressionImportResult& Result)
	{
		for (const FPlannedAsset& Asset : Planned)
		{
			if ((Asset.Target == EMicroExpressionTarget::AnimSequence) != bAnimation)
			{
				continue;
			}
			Progress.EnterProgressFrame(1.0f, FText::FromString(Asset.AssetName()));
			if (!Result.Succeeded() || Progress.ShouldCancel())
			{
				Result.bCancelled = Result.Error.IsEmpty();
				return;
			}
			if (UObject* Written = Write(Asset, Take, Options, Result.Error))
			{
				Result.Assets.Add(Written);
			}
		}
	}

	void Save(FMicroExpressionImportResult& Result)
	{
		TArray<UPackage*> Packages;
		for (const UObject* Asset : Result.Assets)
		{
			Packages.Add(Asset->GetPackage());
		}
		UEditorLoadingAndSavingUtils::SavePackages(Packages, /*bOnlyDirty*/ true);
		for (const UPackage* Package : Packages)
		{
			if (Package->IsDirty() && Result.Error.IsEmpty())
			{
				Result.Error = FText::Format(
					LOCTEXT("NotSaved",
						"{0} was imported but not saved: make its file writable and save it in the Content Browser."),
					FText::FromString(Package->GetName()));
			}
		}
	}
}

namespace MicroExpressionAssets
{
	FString TakeFolder(const FMicroExpressionImportOptions& Options, const FString& TakeId)
	{
		FString Folder = Options.Folder;
		while (Folder.EndsWith(TEXT("/")))
		{
			Folder = Folder.LeftChop(1);
		}
		return Folder / SafeName(TakeId);
	}

	TArray<FString> PackageNames(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options)
	{
		TArray<FString> Names;
		for (const FPlannedAsset& Asset : Plan(Take, Options))
		{
			Names.Add(Asset.PackageName);
		}
		return Names;
	}

	TArray<FString> ExistingAssets(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options)
	{
		TArray<FString> Names;
		for (const FPlannedAsset& Asset : Plan(Take, Options))
		{
			if (Exists(Asset))
			{
				Names.Add(Asset.PackageName);
			}
		}
		return Names;
	}

	FMicroExpressionImportResult Import(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options)
	{
		check(IsInGameThread());
		FMicroExpressionImportResult Result;
		const TArray<FPlannedAsset> Planned = Plan(Take, Options);
		Result.Error = ProblemWith(Take, Options);
		for (int32 Index = 0; Index < Planned.Num() && Result.Error.IsEmpty(); ++Index)
		{
			Result.Error = ProblemWith(Planned[Index], Options);
		}
		if (!Options.bOverwrite)
		{
			Result.Existing = ExistingAssets(Take, Options);
		}
		if (!Result.Error.IsEmpty())
		{
			return Result;
		}
		FScopedSlowTask Progress(static_cast<float>(Planned.Num() + 1),
			FText::Format(LOCTEXT("Importing", "Importing take {0}"), FText::FromString(Take.Summary.TakeId)));
		if (Options.bDialog)
		{
			Progress.MakeDialog(/*bShowCancelButton*/ true);
		}
		{
			const FScopedTransaction Transaction(LOCTEXT("ImportTransaction", "Import Micro-Expressions"));
			WriteAll(Planned, /*bAnimation*/ false, Take, Options, Progress, Result);
		}
		// Outside: the animation controller keeps undo records of its own.
		WriteAll(Planned, /*bAnimation*/ true, Take, Options, Progress, Result);
		Progress.EnterProgressFrame(1.0f, LOCTEXT("Saving", "Saving"));
		if (Options.bSave && Result.Succeeded())
		{
			Save(Result);
		}
		return Result;
	}
}

#undef LOCTEXT_NAMESPACE
