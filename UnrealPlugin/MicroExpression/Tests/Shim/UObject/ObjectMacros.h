// Shim: reflection macros and object flags. [E] What the header tool would generate stands in Generated/.
#pragma once

#include "CoreTypes.h"

class UClass;
class UScriptStruct;

#define UCLASS(...)
#define USTRUCT(...)
#define UENUM(...)
#define UPROPERTY(...)
#define UFUNCTION(...)
#define UMETA(...)
// The engine's ends in the access it began with in structs, and in private in classes: write the access after it.
#define GENERATED_BODY() \
public: \
	static UScriptStruct* StaticStruct(); \
	static UClass* StaticClass();
#define GENERATED_UCLASS_BODY() GENERATED_BODY()

// [E]
enum EObjectFlags : uint32
{
	RF_NoFlags = 0,
	RF_Public = 1,
	RF_Standalone = 2,
	RF_Transactional = 8,
	RF_Transient = 64
};
inline constexpr EObjectFlags operator|(EObjectFlags A, EObjectFlags B)
{
	return static_cast<EObjectFlags>(static_cast<uint32>(A) | static_cast<uint32>(B));
}
