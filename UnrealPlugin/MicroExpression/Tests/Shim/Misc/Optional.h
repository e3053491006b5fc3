// Shim: TOptional. [E]
#pragma once

#include <optional>

#include "CoreTypes.h"

// [E]
template <typename T>
class TOptional
{
public:
	TOptional() = default;
	TOptional(const T& Value) : Held(Value) {}
	TOptional(T&& Value) : Held(MoveTemp(Value)) {}
	bool IsSet() const { return Held.has_value(); }
	explicit operator bool() const { return IsSet(); }
	T& GetValue()
	{
		check(IsSet());
		return *Held;
	}
	const T& GetValue() const
	{
		check(IsSet());
		return *Held;
	}
	const T& Get(const T& Default) const { return Held ? *Held : Default; }
	T* GetPtrOrNull() { return Held ? &*Held : nullptr; }
	const T* GetPtrOrNull() const { return Held ? &*Held : nullptr; }
	T& operator*() { return GetValue(); }
	const T& operator*() const { return GetValue(); }
	T* operator->() { return &GetValue(); }
	const T* operator->() const { return &GetValue(); }
	template <typename... A>
	T& Emplace(A&&... Arguments)
	{
		return Held.emplace(Forward<A>(Arguments)...);
	}
	void Reset() { Held.reset(); }

private:
	std::optional<T> Held;
};
