// Declared only: tabs. [E] FindExistingLiveTab [P].
#pragma once

#include "CoreMinimal.h"

class SDockTab;
class FSpawnTabArgs;
class FWorkspaceItem;
DECLARE_DELEGATE_RetVal_OneParam(TSharedRef<SDockTab>, FOnSpawnTab, const FSpawnTabArgs&);

// [E]
struct FTabId
{
	FTabId(FName InTabType);
};
// [E]
struct FTabSpawnerEntry
{
	FTabSpawnerEntry& SetDisplayName(const FText& Text);
	FTabSpawnerEntry& SetTooltipText(const FText& Text);
	FTabSpawnerEntry& SetGroup(const TSharedRef<FWorkspaceItem>& Group);
};
// [E]
class FGlobalTabmanager
{
public:
	static const TSharedRef<FGlobalTabmanager>& Get();
	FTabSpawnerEntry& RegisterNomadTabSpawner(const FName TabId, const FOnSpawnTab& OnSpawnTab);
	bool UnregisterNomadTabSpawner(const FName TabId);
	TSharedPtr<SDockTab> FindExistingLiveTab(const FTabId& TabId) const;
	TSharedPtr<SDockTab> TryInvokeTab(const FTabId& TabId);
};
