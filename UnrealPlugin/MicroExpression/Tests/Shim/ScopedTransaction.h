// Shim: transactions and undo. [E]
#pragma once

#include "UObject/Object.h"

// [E] What is Modify'd while it lives is one step of undo.
class FScopedTransaction
{
public:
	explicit FScopedTransaction(const FText& SessionName);
	~FScopedTransaction();
	FScopedTransaction(const FScopedTransaction&) = delete;
	void Cancel();
};

namespace Shim
{
	bool IsInTransaction();
	// Undoes the last step; its name, or empty when there is none.
	FString Undo();
}
