// Declared only: TWeakObjectPtr. [E]
#pragma once

#include "UObject/Object.h"

// [E]
template <typename T>
class TWeakObjectPtr
{
public:
	TWeakObjectPtr();
	TWeakObjectPtr& operator=(T* Object);
	T* Get() const;
	bool IsValid() const;
	T* operator->() const;
};
