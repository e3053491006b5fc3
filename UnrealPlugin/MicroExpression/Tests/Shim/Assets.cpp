// Shim: packages, saving, transactions.
#include "AssetRegistry/AssetRegistryModule.h"
#include "FileHelpers.h"
#include "Misc/PackageName.h"
#include "ScopedTransaction.h"
#include "UObject/Package.h"

namespace
{
	// Never destroyed, so that a leak checker finds the objects in it: they live to the end.
	TMap<FString, UPackage*>& Packages()
	{
		static TMap<FString, UPackage*>& All = *new TMap<FString, UPackage*>;
		return All;
	}
	TMap<FString, FString>& Files()
	{
		static TMap<FString, FString> All;
		return All;
	}
	TSet<FString>& ReadOnlyFiles()
	{
		static TSet<FString> All;
		return All;
	}

	// A step of undo: what Modify recorded, each object once.
	struct FStep
	{
		FString Name;
		TArray<const UObject*> Objects;
		TArray<std::function<void()>> Restore;
	};
	TArray<FStep>& Steps()
	{
		static TArray<FStep>& All = *new TArray<FStep>;
		return All;
	}
	int32 OpenTransactions = 0;
}

FString UObject::GetPathName() const
{
	return Outer ? Outer->GetPathName() + TEXT(".") + GetName() : GetName();
}

UPackage* UObject::GetPackage() const
{
	UObject* Top = const_cast<UObject*>(this);
	while (Top->Outer)
	{
		Top = Top->Outer;
	}
	return Cast<UPackage>(Top);
}

void UObject::ShimPlace(UObject* InOuter, FName InName, EObjectFlags InFlags)
{
	Outer = InOuter;
	Name = InName;
	Flags = InFlags;
	if (UPackage* Package = Cast<UPackage>(InOuter))
	{
		check(!Package->ShimObjects.ContainsByPredicate([&](UObject* Other) { return Other->GetFName() == InName; }));
		Package->ShimObjects.Add(this);
	}
}

void Shim::Collect(UObject* Object)
{
	if (UPackage* Package = Cast<UPackage>(Object->GetOuter()))
	{
		Package->ShimObjects.Remove(Object);
	}
	delete Object;
}

bool UObject::MarkPackageDirty() const
{
	UPackage* Package = GetPackage();
	if (Package)
	{
		Package->SetDirtyFlag(true);
	}
	return Package != nullptr;
}

bool UObject::Modify(bool bAlwaysMarkDirty)
{
	Shim::RequireGameThread("Modify");
	if (bAlwaysMarkDirty)
	{
		MarkPackageDirty();
	}
	if (OpenTransactions == 0 || !HasAnyFlags(RF_Transactional))
	{
		return false;
	}
	FStep& Step = Steps().Last();
	if (!Step.Objects.Contains(this))
	{
		Step.Objects.Add(this);
		Step.Restore.Add(ShimCapture());
	}
	return true;
}

UObject* Shim::FindObjectByPath(const FString& Path)
{
	FString Package = Path, Object;
	int32 Dot = INDEX_NONE;
	if (Path.FindLastChar(u'.', Dot))
	{
		Package = Path.Left(Dot);
		Object = Path.RightChop(Dot + 1);
	}
	else
	{
		Object = FPackageName::GetShortName(Path);
	}
	UPackage* Found = FindPackage(nullptr, *Package);
	if (!Found)
	{
		return nullptr;
	}
	UObject** Asset =
		Found->ShimObjects.FindByPredicate([&](UObject* Other) { return Other->GetFName() == FName(Object); });
	return Asset ? *Asset : nullptr;
}

UPackage* CreatePackage(const TCHAR* PackageName)
{
	check(FPackageName::IsValidLongPackageName(PackageName));
	UPackage*& Package = Packages().FindOrAdd(PackageName);
	if (!Package)
	{
		Package = NewObject<UPackage>(nullptr, FName(PackageName));
	}
	return Package;
}

UPackage* FindPackage(UObject*, const TCHAR* PackageName)
{
	return Packages().FindRef(PackageName);
}

bool FPackageName::DoesPackageExist(const FString& PackageName)
{
	return Files().Contains(PackageName);
}

bool FPackageName::IsValidLongPackageName(const FString& PackageName, bool, FText* OutReason)
{
	const auto Refuse = [OutReason](const TCHAR* Reason)
	{
		if (OutReason)
		{
			*OutReason = FText::FromString(Reason);
		}
		return false;
	};
	if (!PackageName.StartsWith(TEXT("/Game/")) || PackageName.EndsWith(TEXT("/")))
	{
		return Refuse(TEXT("The path does not begin with a mounted root, or ends with a slash."));
	}
	for (const TCHAR C : PackageName)
	{
		if (FString(TEXT("\\:*?\"<>|' ,.&!~\n\r\t@#")).Contains(FString(1, &C)))
		{
			return Refuse(TEXT("The path holds a character that no package may have."));
		}
	}
	return PackageName.Contains(TEXT("//")) ? Refuse(TEXT("The path holds an empty name.")) : true;
}

const FString& FPackageName::GetAssetPackageExtension()
{
	static const FString Extension(TEXT(".uasset"));
	return Extension;
}

FString FPackageName::GetShortName(const FString& PackageName)
{
	int32 Slash = INDEX_NONE;
	return PackageName.FindLastChar(u'/', Slash) ? PackageName.RightChop(Slash + 1) : PackageName;
}

bool UEditorLoadingAndSavingUtils::SavePackages(const TArray<UPackage*>& PackagesToSave, bool bOnlyDirty)
{
	Shim::RequireGameThread("SavePackages");
	bool bAll = true;
	for (UPackage* Package : PackagesToSave)
	{
		if (bOnlyDirty && !Package->IsDirty())
		{
			continue;
		}
		if (ReadOnlyFiles().Contains(Package->GetName()))
		{
			bAll = false;
			continue;
		}
		FString Content;
		for (const UObject* Object : Package->ShimObjects)
		{
			Shim::RequireGameThread("Save");
			if (!Object->HasAnyFlags(RF_Standalone) || !Object->HasAnyFlags(RF_Public))
			{
				Shim::Violate("an asset that is not RF_Public | RF_Standalone is not saved");
				continue;
			}
			Content +=
				Object->GetClass()->GetName() + TEXT(" ") + Object->GetName() + TEXT(": ") + Object->ShimContent();
		}
		Files().Add(Package->GetName(), Content);
		Package->SetDirtyFlag(false);
	}
	return bAll;
}

FString Shim::SavedContent(const FString& PackageName)
{
	return Files().FindRef(PackageName);
}

void Shim::MakeReadOnly(const FString& PackageName)
{
	ReadOnlyFiles().Add(PackageName);
}

TArray<UObject*>& Shim::CreatedAssets()
{
	static TArray<UObject*> All;
	return All;
}

void FAssetRegistryModule::AssetCreated(UObject* Asset)
{
	if (Shim::CreatedAssets().Contains(Asset))
	{
		Shim::Violate("AssetCreated twice");
	}
	Shim::CreatedAssets().Add(Asset);
}

FScopedTransaction::FScopedTransaction(const FText& SessionName)
{
	if (OpenTransactions++ == 0)
	{
		Steps().AddDefaulted_GetRef().Name = SessionName.ToString();
	}
}

FScopedTransaction::~FScopedTransaction()
{
	if (--OpenTransactions == 0 && Steps().Last().Objects.IsEmpty())
	{
		Steps().Pop();
	}
}

void FScopedTransaction::Cancel()
{
	Steps().Last().Objects.Reset();
}

bool Shim::IsInTransaction()
{
	return OpenTransactions > 0;
}

FString Shim::Undo()
{
	if (Steps().IsEmpty())
	{
		return FString();
	}
	const FStep Step = Steps().Pop();
	for (const std::function<void()>& Restore : Step.Restore)
	{
		if (Restore)
		{
			Restore();
		}
	}
	return Step.Name;
}
