// Shim: FTSTicker. [E]
#pragma once

#include <memory>

#include "CoreMinimal.h"

DECLARE_DELEGATE_RetVal_OneParam(bool, FTickerDelegate, float);

// [E] Calls what was added, every frame, on the game thread; what returns false is removed.
class FTSTicker
{
public:
	struct FElement
	{
		FTickerDelegate Delegate;
		bool bRemoved = false;
	};
	using FDelegateHandle = TWeakPtr<FElement>;
	static FTSTicker& GetCoreTicker();
	FDelegateHandle AddTicker(const FTickerDelegate& Delegate, float Delay = 0.0f);
	static void RemoveTicker(FDelegateHandle Handle);
	void Tick(float DeltaTime);
	int32 ShimNum() const { return Elements.Num(); }

private:
	TArray<TSharedPtr<FElement>> Elements;
};
