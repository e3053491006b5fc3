// Shim: shared pointers. [E] Here on the standard's; the engine's have the same rules for what is used.
#pragma once

#include <memory>

#include "CoreTypes.h"

template <typename T>
class TSharedPtr;
template <typename T>
class TWeakPtr;

// [E] Never null.
template <typename T>
class TSharedRef
{
public:
	explicit TSharedRef(std::shared_ptr<T> InOwned) : Owned(MoveTemp(InOwned)) { check(Owned); }
	template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
	TSharedRef(const TSharedRef<U>& Other) : Owned(Other.ShimOwned())
	{
	}
	T& operator*() const { return *Owned; }
	T* operator->() const { return Owned.get(); }
	T& Get() const { return *Owned; }
	const std::shared_ptr<T>& ShimOwned() const { return Owned; }
	friend bool operator==(const TSharedRef& A, const TSharedRef& B) { return A.Owned == B.Owned; }

private:
	std::shared_ptr<T> Owned;
};

// [E]
template <typename T>
class TSharedPtr
{
public:
	TSharedPtr() = default;
	TSharedPtr(std::nullptr_t) {}
	explicit TSharedPtr(std::shared_ptr<T> InOwned) : Owned(MoveTemp(InOwned)) {}
	template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
	TSharedPtr(const TSharedPtr<U>& Other) : Owned(Other.ShimOwned())
	{
	}
	template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
	TSharedPtr(const TSharedRef<U>& Other) : Owned(Other.ShimOwned())
	{
	}
	bool IsValid() const { return Owned != nullptr; }
	explicit operator bool() const { return IsValid(); }
	T& operator*() const
	{
		check(IsValid());
		return *Owned;
	}
	T* operator->() const
	{
		check(IsValid());
		return Owned.get();
	}
	T* Get() const { return Owned.get(); }
	void Reset() { Owned.reset(); }
	TSharedRef<T> ToSharedRef() const { return TSharedRef<T>(Owned); }
	const std::shared_ptr<T>& ShimOwned() const { return Owned; }
	friend bool operator==(const TSharedPtr& A, const TSharedPtr& B) { return A.Owned == B.Owned; }
	friend bool operator!=(const TSharedPtr& A, const TSharedPtr& B) { return A.Owned != B.Owned; }
	friend bool operator==(const TSharedPtr& A, std::nullptr_t) { return !A.Owned; }

private:
	std::shared_ptr<T> Owned;
};

// [E]
template <typename T>
class TWeakPtr
{
public:
	TWeakPtr() = default;
	template <typename U>
	TWeakPtr(const TSharedPtr<U>& Other) : Observed(Other.ShimOwned())
	{
	}
	template <typename U>
	TWeakPtr(const TSharedRef<U>& Other) : Observed(Other.ShimOwned())
	{
	}
	TSharedPtr<T> Pin() const { return TSharedPtr<T>(Observed.lock()); }
	bool IsValid() const { return !Observed.expired(); }
	void Reset() { Observed.reset(); }

private:
	std::weak_ptr<T> Observed;
};

// [E]
template <typename T>
class TSharedFromThis : public std::enable_shared_from_this<T>
{
public:
	TSharedRef<T> AsShared() { return TSharedRef<T>(this->shared_from_this()); }
};

template <typename T, typename... A>
TSharedRef<T> MakeShared(A&&... Arguments)
{
	return TSharedRef<T>(std::make_shared<T>(Forward<A>(Arguments)...));
}
template <typename T>
TSharedRef<T> MakeShareable(T* Object)
{
	return TSharedRef<T>(std::shared_ptr<T>(Object));
}
template <typename T, typename U>
TSharedPtr<T> StaticCastSharedPtr(const TSharedPtr<U>& Other)
{
	return TSharedPtr<T>(std::static_pointer_cast<T>(Other.ShimOwned()));
}
