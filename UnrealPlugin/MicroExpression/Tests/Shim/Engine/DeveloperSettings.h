// Shim: UDeveloperSettings and the default object of a class. [E]
#pragma once

#include "UObject/Object.h"

// [E]
class UDeveloperSettings : public UObject
{
	SHIM_CLASS(UDeveloperSettings, UObject)
	virtual FName GetCategoryName() const { return NAME_None; }
	void SaveConfig() {}
};

// [E] The one object that holds a class's defaults: for settings, what the config files say.
template <typename T>
T* GetMutableDefault()
{
	static T* Default = static_cast<T*>(T::StaticClass()->ShimConstruct());
	return Default;
}
template <typename T>
const T* GetDefault()
{
	return GetMutableDefault<T>();
}
