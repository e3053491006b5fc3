// Declared only: FAssetData. [P]
#pragma once

#include "UObject/Object.h"

// [P]
struct FAssetData
{
	UObject* GetAsset() const;
};
