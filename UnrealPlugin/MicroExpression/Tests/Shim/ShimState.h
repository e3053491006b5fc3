// What the shim remembers for tests.
#pragma once

#include "CoreMinimal.h"

namespace Shim
{
	// Rules of the engine's API that were broken so far.
	TArray<FString>& Violations();
}
