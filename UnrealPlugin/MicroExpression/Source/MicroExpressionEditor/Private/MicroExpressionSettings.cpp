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
	FString Text;
	if (!FFileHelper::LoadFileToString(Text, *GetTokenPath()))
	{
		return FString();
	}
	int32 LineEnd = INDEX_NONE;
	if (Text.FindChar(TEXT('\n'), LineEnd))
	{
		Text = Text.Left(LineEnd);
	}
	return Text.TrimStartAndEnd();
}
