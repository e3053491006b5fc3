// Shim: TWeakObjectPtr. [E] IsStale [P]. Stands in for the garbage collector with Shim::Collect, which deletes an object.
#pragma once

#include <memory>

#include "UObject/Object.h"

// [E] Null once the object is gone; IsStale tells that from one that was never set.
template <typename T>
class TWeakObjectPtr
{
public:
	TWeakObjectPtr() = default;
	TWeakObjectPtr(T* InObject) { *this = InObject; }
	TWeakObjectPtr& operator=(T* InObject)
	{
		Object = InObject;
		bSet = InObject != nullptr;
		Life = InObject ? InObject->ShimLife() : nullptr;
		return *this;
	}
	T* Get() const { return Life.expired() ? nullptr : Object; }
	bool IsValid() const { return Get() != nullptr; }
	bool IsStale() const { return bSet && !IsValid(); }
	T* operator->() const
	{
		check(IsValid());
		return Object;
	}

private:
	T* Object = nullptr;
	std::weak_ptr<const void> Life;
	bool bSet = false;
};
