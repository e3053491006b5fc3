// Shim: the basic role: named numbers. [E]
#pragma once

#include "UObject/Object.h"

// [E]
template <typename T>
class TSubclassOf
{
public:
	TSubclassOf(UClass* InClass) : Class(InClass) { check(Class->IsChildOf(T::StaticClass())); }
	UClass* Get() const { return Class; }

private:
	UClass* Class;
};
// [E]
class ULiveLinkRole : public UObject
{
	SHIM_CLASS(ULiveLinkRole, UObject)
};
// [E]
class ULiveLinkBasicRole : public ULiveLinkRole
{
	SHIM_CLASS(ULiveLinkBasicRole, ULiveLinkRole)
};
