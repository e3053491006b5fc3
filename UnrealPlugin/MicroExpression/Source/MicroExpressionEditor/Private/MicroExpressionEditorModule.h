// The editor module: what lives as long as the editor does.
#pragma once

#include "MicroExpressionCoreLibrary.h"
#include "MicroExpressionSettings.h"
#include "MicroExpressionTypes.h"
#include "Modules/ModuleManager.h"
#include "Templates/SharedPointer.h"

class FMicroExpressionLiveLinkSource;
class FMicroExpressionSession;
class FSpawnTabArgs;
class SDockTab;

/**
 * Loads the core library, then keeps one session for all tabs. Order at the end: the session stops and joins the
 * library's threads, then the library is freed; at the engine's pre-exit already, since assets and widgets are gone when
 * ShutdownModule runs. Not run in an editor.
 */
class FMicroExpressionEditorModule : public IModuleInterface
{
public:
	virtual void StartupModule() override;
	virtual void ShutdownModule() override;

	/** What the settings say now. */
	static FMicroExpressionConnectionSettings ConnectionSettings();

private:
	void RegisterTab();
	void RegisterMenus();
	void CloseTab();
	TSharedRef<SDockTab> SpawnTab(const FSpawnTabArgs& Arguments);
	/** Returns what went wrong, or nothing. */
	FText SetLivePreview(bool bOn);
	bool HasLivePreview() const;
	void StopAll();

	FMicroExpressionCoreLibrary Core;
	TSharedPtr<FMicroExpressionSession> Session;
	TSharedPtr<FMicroExpressionLiveLinkSource> LiveSource;
	FDelegateHandle PreExitHandle;
	bool bRegistered = false;
};
