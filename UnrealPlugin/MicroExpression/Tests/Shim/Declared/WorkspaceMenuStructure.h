// Declared only: where tabs are listed. [E]
#pragma once

#include "CoreMinimal.h"

class FWorkspaceItem;
// [E]
class IWorkspaceMenuStructure
{
public:
	virtual ~IWorkspaceMenuStructure();
	virtual TSharedRef<FWorkspaceItem> GetToolsCategory() const = 0;
};
