// Shim: TUniquePtr. [E]
#pragma once

#include <memory>

#include "CoreTypes.h"

// [E]
template <typename T>
class TUniquePtr
{
public:
	TUniquePtr() = default;
	TUniquePtr(std::nullptr_t) {}
	explicit TUniquePtr(T* Object) : Owned(Object) {}
	template <typename U>
	TUniquePtr(TUniquePtr<U>&& Other) : Owned(Other.Release())
	{
	}
	bool IsValid() const { return Owned != nullptr; }
	explicit operator bool() const { return IsValid(); }
	T& operator*() const { return *Owned; }
	T* operator->() const { return Owned.get(); }
	T* Get() const { return Owned.get(); }
	T* Release() { return Owned.release(); }
	void Reset(T* Object = nullptr) { Owned.reset(Object); }

private:
	std::unique_ptr<T> Owned;
};
template <typename T, typename... A>
TUniquePtr<T> MakeUnique(A&&... Arguments)
{
	return TUniquePtr<T>(new T(Forward<A>(Arguments)...));
}
