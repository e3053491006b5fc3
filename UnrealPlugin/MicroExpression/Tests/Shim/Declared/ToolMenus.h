// Declared only: menus. [E]
#pragma once

#include "UObject/Object.h"
#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
struct FSlateIcon
{
	FSlateIcon();
};
using FExecuteAction = FSimpleDelegate;
// [P]
struct FUIAction
{
	FUIAction(FExecuteAction Execute);
};
// [E]
struct FToolMenuEntry;
struct FToolMenuSection
{
	FToolMenuEntry& AddMenuEntry(
		const FName Name, const TAttribute<FText>& Label, const TAttribute<FText>& ToolTip,
		const TAttribute<FSlateIcon>& Icon, const FUIAction& Action);
};
// [E]
class UToolMenu : public UObject
{
public:
	FToolMenuSection& FindOrAddSection(const FName Name, const TAttribute<FText>& Label);
};
// [E]
struct FToolMenuOwner
{
	FToolMenuOwner(void* Pointer);
};
// [E]
class FToolMenuOwnerScoped
{
public:
	FToolMenuOwnerScoped(const FToolMenuOwner& Owner);
	~FToolMenuOwnerScoped();
};
// [E]
class UToolMenus : public UObject
{
public:
	static UToolMenus* Get();
	UToolMenu* ExtendMenu(const FName Name);
	static FDelegateHandle RegisterStartupCallback(const FSimpleMulticastDelegate::FDelegate& Delegate);
	static void UnRegisterStartupCallback(const void* Owner);
	static void UnregisterOwner(FToolMenuOwner Owner);
};
