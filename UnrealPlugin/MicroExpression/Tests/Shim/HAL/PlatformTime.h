// Shim: FPlatformTime. [E]
#pragma once

#include "CoreTypes.h"

// [E]
struct FPlatformTime
{
	static double Seconds();
};
