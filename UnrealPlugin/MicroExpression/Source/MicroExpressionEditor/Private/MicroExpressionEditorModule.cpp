#include "MicroExpressionEditorModule.h"

#include "CoreGlobals.h"
#include "Features/IModularFeatures.h"
#include "Framework/Application/SlateApplication.h"
#include "Framework/Docking/TabManager.h"
#include "ILiveLinkClient.h"
#include "MicroExpressionLiveLinkSource.h"
#include "MicroExpressionResumeConfig.h"
#include "MicroExpressionSession.h"
#include "Misc/CoreDelegates.h"
#include "SMicroExpressionPanel.h"
#include "ToolMenus.h"
#include "Widgets/Docking/SDockTab.h"
#include "WorkspaceMenuStructure.h"
#include "WorkspaceMenuStructureModule.h"

#define LOCTEXT_NAMESPACE "MicroExpressionModule"

namespace
{
	const FName PanelTabName(TEXT("MicroExpressionPanel"));
}

void FMicroExpressionEditorModule::StartupModule()
{
	if (IsRunningCommandlet())
	{
		return; // no tab, and no connection of a render farm's cooker
	}
	// Without the library the panel opens all the same and says what to do.
	if (Core.Load())
	{
		Session = MakeShared<FMicroExpressionSession>(MakeShared<FMicroExpressionResumeConfig>());
		if (GetDefault<UMicroExpressionSettings>()->bConnectAtStart)
		{
			Session->Connect(ConnectionSettings());
		}
	}
	else
	{
		UE_LOG(LogMicroExpression, Warning, TEXT("%s"), *Core.GetProblem().ToString());
	}
	bRegistered = true;
	RegisterTab();
	UToolMenus::RegisterStartupCallback(
		FSimpleMulticastDelegate::FDelegate::CreateRaw(this, &FMicroExpressionEditorModule::RegisterMenus));
	PreExitHandle = FCoreDelegates::OnEnginePreExit.AddRaw(this, &FMicroExpressionEditorModule::StopAll);
}

void FMicroExpressionEditorModule::ShutdownModule()
{
	if (bRegistered)
	{
		FCoreDelegates::OnEnginePreExit.Remove(PreExitHandle);
		UToolMenus::UnRegisterStartupCallback(this);
		UToolMenus::UnregisterOwner(this);
		CloseTab();
		FGlobalTabmanager::Get()->UnregisterNomadTabSpawner(PanelTabName);
	}
	StopAll();
	Core.Free();
}

void FMicroExpressionEditorModule::CloseTab()
{
	// At the editor's end Slate may be gone, and its tabs with it.
	if (FSlateApplication::IsInitialized())
	{
		// The panel's delegates call this module.
		const TSharedPtr<SDockTab> Tab = FGlobalTabmanager::Get()->FindExistingLiveTab(FTabId(PanelTabName));
		if (Tab.IsValid())
		{
			Tab->RequestCloseTab();
		}
	}
}

void FMicroExpressionEditorModule::StopAll()
{
	SetLivePreview(false);
	if (Session.IsValid())
	{
		// A tab that is still open keeps the session alive, but it has no thread left.
		Session->Disconnect();
		Session.Reset();
	}
}

FMicroExpressionConnectionSettings FMicroExpressionEditorModule::ConnectionSettings()
{
	const UMicroExpressionSettings* Settings = GetDefault<UMicroExpressionSettings>();
	FMicroExpressionConnectionSettings Result;
	Result.Address = Settings->Address;
	Result.Token = Settings->ReadToken();
	Result.TlsRootFile = Settings->TlsRootFile.FilePath;
	Result.TlsServerName = Settings->TlsServerName;
	return Result;
}

void FMicroExpressionEditorModule::RegisterTab()
{
	FGlobalTabmanager::Get()
		->RegisterNomadTabSpawner(PanelTabName, FOnSpawnTab::CreateRaw(this, &FMicroExpressionEditorModule::SpawnTab))
		.SetDisplayName(LOCTEXT("Tab", "Micro-Expressions"))
		.SetTooltipText(LOCTEXT("TabTip", "Takes of a microexpr server: look, adjust, import, preview."))
		.SetGroup(WorkspaceMenu::GetMenuStructure().GetToolsCategory());
}

void FMicroExpressionEditorModule::RegisterMenus()
{
	const FToolMenuOwnerScoped Owner(this);
	UToolMenu* Menu = UToolMenus::Get()->ExtendMenu(FName(TEXT("LevelEditor.MainMenu.Tools")));
	FToolMenuSection& Section =
		Menu->FindOrAddSection(FName(TEXT("MicroExpression")), LOCTEXT("Section", "Micro-Expressions"));
	Section.AddMenuEntry(FName(TEXT("OpenMicroExpressionPanel")), LOCTEXT("Open", "Micro-Expressions..."),
		LOCTEXT("OpenTip", "Opens the panel of takes."), FSlateIcon(),
		FUIAction(FExecuteAction::CreateLambda([] { FGlobalTabmanager::Get()->TryInvokeTab(FTabId(PanelTabName)); })));
}

TSharedRef<SDockTab> FMicroExpressionEditorModule::SpawnTab(const FSpawnTabArgs& /*Arguments*/)
{
	// clang-format off
	return SNew(SDockTab).TabRole(ETabRole::NomadTab)
		[
			SNew(SMicroExpressionPanel, Session)
			.Problem(Core.GetProblem())
			.OnConnectionSettings_Static(&FMicroExpressionEditorModule::ConnectionSettings)
			.OnSetLivePreview_Raw(this, &FMicroExpressionEditorModule::SetLivePreview)
			.OnHasLivePreview_Raw(this, &FMicroExpressionEditorModule::HasLivePreview)
		];
	// clang-format on
}

bool FMicroExpressionEditorModule::HasLivePreview() const
{
	return LiveSource.IsValid() && LiveSource->IsSourceStillValid();
}

FText FMicroExpressionEditorModule::SetLivePreview(bool bOn)
{
	IModularFeatures& Features = IModularFeatures::Get();
	const bool bThere = Features.IsModularFeatureAvailable(ILiveLinkClient::ModularFeatureName);
	if (!bOn)
	{
		if (HasLivePreview() && bThere)
		{
			Features.GetModularFeature<ILiveLinkClient>(ILiveLinkClient::ModularFeatureName).RemoveSource(LiveSource);
		}
		LiveSource.Reset();
		return FText();
	}
	if (!bThere || !Session.IsValid())
	{
		return LOCTEXT("NoLiveLink", "Live Link is not running; enable the Live Link plugin and restart.");
	}
	LiveSource =
		MakeShared<FMicroExpressionLiveLinkSource>(FText::FromString(GetDefault<UMicroExpressionSettings>()->Address));
	Features.GetModularFeature<ILiveLinkClient>(ILiveLinkClient::ModularFeatureName).AddSource(LiveSource);
	LiveSource->Follow(*Session);
	return FText();
}

#undef LOCTEXT_NAMESPACE

IMPLEMENT_MODULE(FMicroExpressionEditorModule, MicroExpressionEditor)
