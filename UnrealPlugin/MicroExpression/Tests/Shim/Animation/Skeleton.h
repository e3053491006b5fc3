// Shim: USkeleton, a name only. [E]
#pragma once

#include "UObject/Object.h"

// [E]
class USkeleton : public UObject
{
	SHIM_CLASS(USkeleton, UObject)
};
