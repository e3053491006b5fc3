#include "MicroExpressionSettings.h"

#include "HAL/PlatformMisc.h"
#include "HAL/PlatformProcess.h"
#include "Misc/FileHelper.h"
#include "Misc/Paths.h"

FName UMicroExpressionSettings::GetCategoryName() const
{
	return FName(TEXT("Plugins"));
}

FString UMicroExpressionSettings::GetTokenPath() const
{
	if (!TokenFile.FilePath.IsEmpty())
	{
		return TokenFile.FilePath;
	}
	return FPaths::Combine(
		FString(FPlatformProcess::UserSettingsDir()), FString(TEXT("MicroExpression")), FString(TEXT("token.txt")));
}

FString UMicroExpressionSettings::ReadToken() const
{
	const FString FromEnvironment = FPlatformMisc::GetEnvironmentVariable(TEXT("MICROEXPR_TOKEN"));
	if (!FromEnvironment.IsEmpty())
	{
		return FromEnvironment;
	}
	TArray<FString> Lines;
	if (FFileHelper::LoadFileToStringArray(Lines, *GetTokenPath()) && Lines.Num() > 0)
	{
		return Lines[0].TrimStartAndEnd();
	}
	return FString();
}
