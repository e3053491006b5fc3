// Shim: IModularFeatures. [P]
#pragma once

#include "CoreMinimal.h"

// [P]
class IModularFeature
{
public:
	virtual ~IModularFeature() = default;
};
// [P] Asking for a feature that is not there ends the program.
class IModularFeatures
{
public:
	static IModularFeatures& Get();
	bool IsModularFeatureAvailable(FName Type);
	template <typename T>
	T& GetModularFeature(FName Type)
	{
		return static_cast<T&>(*Find(Type));
	}
	void RegisterModularFeature(FName Type, IModularFeature* Feature);
	void UnregisterModularFeature(FName Type, IModularFeature* Feature);

private:
	IModularFeature* Find(FName Type);
	TMap<FName, IModularFeature*> Features;
};
