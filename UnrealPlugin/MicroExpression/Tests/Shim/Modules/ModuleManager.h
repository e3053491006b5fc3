// Shim: module classes. [E]
#pragma once

#include "CoreMinimal.h"

// [E]
class IModuleInterface
{
public:
	virtual ~IModuleInterface() = default;
	virtual void StartupModule() {}
	virtual void ShutdownModule() {}
};
// [E]
class FDefaultModuleImpl : public IModuleInterface
{
};
// A function that makes the module, as the engine's own macro offers one.
#define IMPLEMENT_MODULE(Class, Module) \
	IModuleInterface* ShimMake##Module(); \
	IModuleInterface* ShimMake##Module() \
	{ \
		return new Class; \
	}
