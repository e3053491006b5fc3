// Shim: FCString. [P]
#pragma once

#include "CoreTypes.h"

// [P]
struct FCString
{
	static uint64 Strtoui64(const TCHAR* Start, TCHAR** End, int32 Base);
};
