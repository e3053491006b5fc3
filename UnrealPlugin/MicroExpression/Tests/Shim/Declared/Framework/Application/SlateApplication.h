// Declared only: FSlateApplication. [P]
#pragma once

#include "CoreMinimal.h"

// [P]
class FSlateApplication
{
public:
	static bool IsInitialized();
};
