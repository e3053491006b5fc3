// Shim: UPackage in memory. [E]
#pragma once

#include "UObject/Object.h"

// [E]
class UPackage : public UObject
{
	SHIM_CLASS(UPackage, UObject)
	bool IsDirty() const { return bDirty; }
	void SetDirtyFlag(bool bInDirty) { bDirty = bInDirty; }
	void FullyLoad() {}
	TArray<UObject*> ShimObjects;

private:
	bool bDirty = false;
};

// [E] The package of that name, made if it is not there.
UPackage* CreatePackage(const TCHAR* PackageName);
UPackage* FindPackage(UObject* Outer, const TCHAR* PackageName);
