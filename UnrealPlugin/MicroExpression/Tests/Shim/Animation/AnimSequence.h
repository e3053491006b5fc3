// Shim: UAnimSequence. [E]
#pragma once

#include "Animation/AnimData/IAnimationDataController.h"
#include "Animation/Skeleton.h"
#include "UObject/Object.h"

// [E]
class UAnimSequence : public UObject
{
	SHIM_CLASS(UAnimSequence, UObject)
	UAnimSequence();
	~UAnimSequence() override;
	void SetSkeleton(USkeleton* InSkeleton) { Skeleton = InSkeleton; }
	USkeleton* GetSkeleton() const { return Skeleton; }
	IAnimationDataController& GetController();
	const IAnimationDataModel* GetDataModel() const;
	// [P] Before an existing sequence is written.
	void WaitOnExistingCompression(bool bWantResults = true);
	void PostEditChange() override;

	FString ShimContent() const override;

private:
	friend struct FShimController;
	USkeleton* Skeleton = nullptr;
	struct FShimController* Controller;
};
