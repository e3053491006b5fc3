// Shim: what the engine announces. [P] OnEnginePreExit.AddRaw is used so by public plugins for 5.x.
#pragma once

#include "CoreMinimal.h"

// [P]
class FCoreDelegates
{
public:
	static FSimpleMulticastDelegate OnEnginePreExit;
};
