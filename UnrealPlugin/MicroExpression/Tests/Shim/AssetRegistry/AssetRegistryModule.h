// Shim: the asset registry is told of new assets. [E]
#pragma once

#include "UObject/Object.h"

// [E] An asset is announced once, after it was filled.
class FAssetRegistryModule
{
public:
	static void AssetCreated(UObject* Asset);
};

namespace Shim
{
	TArray<UObject*>& CreatedAssets();
}
