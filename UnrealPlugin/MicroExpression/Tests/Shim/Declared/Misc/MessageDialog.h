// Declared only: FMessageDialog. [P]
#pragma once

#include "CoreMinimal.h"

// [P]
namespace EAppMsgType
{
	enum Type { Ok, YesNo, OkCancel };
}
namespace EAppReturnType
{
	enum Type { No, Yes, Ok, Cancel };
}
// [P]
struct FMessageDialog
{
	static EAppReturnType::Type Open(EAppMsgType::Type MessageType, const FText& Message);
};
