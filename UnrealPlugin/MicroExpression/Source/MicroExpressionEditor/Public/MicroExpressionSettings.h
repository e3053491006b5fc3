// Editor Preferences, Plugins, Micro-Expressions: kept per user and project (Saved/Config), not under version control.
#pragma once

#include "CoreMinimal.h"
#include "Engine/DeveloperSettings.h"
#include "Engine/EngineTypes.h"

#include "MicroExpressionSettings.generated.h"

/** What an import does about assets of the same name. */
UENUM()
enum class EMicroExpressionOverwrite : uint8
{
	Ask UMETA(DisplayName = "Ask"),
	Never UMETA(DisplayName = "Never replace"),
	Always UMETA(DisplayName = "Replace without asking")
};

/** Where the server is and where assets go. The token is no setting: see ReadToken. Not run in an editor. */
UCLASS(Config = EditorPerProjectUserSettings, meta = (DisplayName = "Micro-Expressions"))
class MICROEXPRESSIONEDITOR_API UMicroExpressionSettings : public UDeveloperSettings
{
	GENERATED_BODY()

public:
	virtual FName GetCategoryName() const override;

	/** HOST:PORT of microexpr serve. Another machine needs a root certificate and a token. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	FString Address = TEXT("127.0.0.1:50551");

	/** PEM file of the root certificate that vouches for the server; empty: no TLS. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	FFilePath TlsRootFile;

	/** The name in the server's certificate, where it is not the address. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	FString TlsServerName;

	/** File with the token, outside the project; empty: MicroExpression/token.txt in your user settings folder. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	FFilePath TokenFile;

	/** Connect when the editor starts. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	bool bConnectAtStart = false;

	/** Content folder of imported takes; each gets a folder of its own in it. */
	UPROPERTY(Config, EditAnywhere, Category = "Import")
	FString TargetFolder = TEXT("/Game/MicroExpression");

	/** The rig that new takes are shown for (facs, arkit, metahuman); empty: as they were converted. */
	UPROPERTY(Config, EditAnywhere, Category = "Import")
	FString Rig;

	UPROPERTY(Config, EditAnywhere, Category = "Import")
	EMicroExpressionOverwrite Overwrite = EMicroExpressionOverwrite::Ask;

	/**
	 * The token: the environment variable MICROEXPR_TOKEN, else the first line of the token file, else empty. It is
	 * never written by the editor, so it reaches neither a config file nor version control.
	 */
	FString ReadToken() const;

	/** The file that ReadToken looks into. */
	FString GetTokenPath() const;
};
