// Shim: IPluginManager with one plugin. [E]
#pragma once

#include "CoreMinimal.h"

// [E]
class IPlugin
{
public:
	virtual ~IPlugin() = default;
	virtual const FString& GetBaseDir() const = 0;
};
// [E]
class IPluginManager
{
public:
	static IPluginManager& Get();
	TSharedPtr<IPlugin> FindPlugin(const FString& Name);
};

namespace Shim
{
	// Where MicroExpression is; empty: not enabled.
	void SetPluginFolder(const FString& Folder);
}
