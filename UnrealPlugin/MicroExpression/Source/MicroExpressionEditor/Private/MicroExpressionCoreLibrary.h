// The core library's file: loaded before anything of it is called, freed after everything has stopped.
#pragma once

#include "CoreMinimal.h"

/** Not run in an editor. */
class FMicroExpressionCoreLibrary
{
public:
	~FMicroExpressionCoreLibrary() { Free(); }
	/** False when it is not there or cannot be loaded: GetProblem says what to do. */
	bool Load();
	/** Only after the receiver has stopped: its threads run code of the library. */
	void Free();
	bool IsLoaded() const { return Handle != nullptr; }
	/** One sentence, empty while it is loaded. */
	const FText& GetProblem() const { return Problem; }

private:
	void* Handle = nullptr;
	FText Problem;
};
