// Shim: FScopedSlowTask without a window. [E]
#pragma once

#include "CoreMinimal.h"

// [E] More progress than was announced is a violation.
struct FScopedSlowTask
{
	FScopedSlowTask(float InAmount, const FText& InMessage = FText());
	~FScopedSlowTask() = default;
	FScopedSlowTask(const FScopedSlowTask&) = delete;
	void MakeDialog(bool bShowCancelButton = false, bool bAllowInPIE = false);
	void EnterProgressFrame(float Amount = 1.0f, const FText& Message = FText());
	bool ShouldCancel() const;

private:
	float Total;
	float Done = 0.0f;
	bool bDialog = false;
};

namespace Shim
{
	// The user presses Cancel after so many progress frames of dialogs; -1: never.
	void CancelAfter(int32 Frames);
}
