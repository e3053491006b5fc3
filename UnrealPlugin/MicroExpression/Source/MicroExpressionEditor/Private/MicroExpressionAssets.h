// Takes into assets. Game thread only.
#pragma once

#include "CoreMinimal.h"
#include "MicroExpressionTypes.h"
#include "UObject/WeakObjectPtr.h"

class USkeleton;
class UObject;

/** What is made of a take. */
enum class EMicroExpressionTarget : uint8
{
	None = 0,
	/** One UCurveTable of rich curves, a row a control. */
	CurveTable = 1 << 0,
	/** One UCurveFloat a control, in a folder of the take. */
	CurveFloat = 1 << 1,
	/** One UAnimSequence with a float curve a control; needs a skeleton. */
	AnimSequence = 1 << 2,
	/** One UDataTable of FMicroExpressionKeyRow, the AU dictionary. */
	DataTable = 1 << 3,
	All = CurveTable | CurveFloat | AnimSequence | DataTable
};
ENUM_CLASS_FLAGS(EMicroExpressionTarget)

struct FMicroExpressionImportOptions
{
	/** A content folder; the assets are made in a folder of the take's name in it. */
	FString Folder = TEXT("/Game/MicroExpression");
	EMicroExpressionTarget Targets = EMicroExpressionTarget::CurveTable;
	/** For AnimSequence. Weak: options wait for their take, and meanwhile the asset may be deleted. */
	TWeakObjectPtr<USkeleton> Skeleton;
	/** The user's word that assets of the same name may be changed. */
	bool bOverwrite = false;
	/** Save the packages; otherwise they stay dirty for the user to save. */
	bool bSave = true;
	/** Show a progress dialog with a cancel button. */
	bool bDialog = true;
};

struct FMicroExpressionImportResult
{
	/** Made or changed, in the order they were written. */
	TArray<UObject*> Assets;
	/** Names of those that are in the way, when bOverwrite was needed and nothing was written. */
	TArray<FString> Existing;
	/** Empty when all went well, else one sentence that says what to do. */
	FText Error;
	bool bCancelled = false;

	bool Succeeded() const { return Error.IsEmpty() && !bCancelled; }
};

namespace MicroExpressionAssets
{
	/** The folder of a take's assets, "/Game/MicroExpression/demo": characters that no asset may have become _. */
	FString TakeFolder(const FMicroExpressionImportOptions& Options, const FString& TakeId);

	/** Long package names of the assets that an import would make. */
	TArray<FString> PackageNames(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options);

	/** Those of them that are there already: ask the user before bOverwrite is set. */
	TArray<FString> ExistingAssets(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options);

	/**
	 * Writes the take's assets. Nothing is written when one of them exists and bOverwrite is not set, when a name
	 * cannot be one, or when the take does not suit a target; the result says which. Changes of tables and curve
	 * assets can be undone; making an asset and the AnimSequence controller's own changes follow the engine's rules.
	 */
	FMicroExpressionImportResult Import(const FMicroExpressionTake& Take, const FMicroExpressionImportOptions& Options);
}
