// Shim: what the header tool would generate for the settings: their class.
#include "MicroExpressionSettings.h"

UClass* UMicroExpressionSettings::StaticClass()
{
	static UClass Found(TEXT("MicroExpressionSettings"), UDeveloperSettings::StaticClass(),
		[]() -> UObject* { return new UMicroExpressionSettings; });
	return &Found;
}
