// Shim: delegates. [E]
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "Templates/SharedPointer.h"

// [E] Names a function that was added.
class FDelegateHandle
{
public:
	FDelegateHandle() = default;
	explicit FDelegateHandle(uint64 InId) : Id(InId) {}
	bool IsValid() const { return Id != 0; }
	void Reset() { Id = 0; }
	friend bool operator==(const FDelegateHandle& A, const FDelegateHandle& B) { return A.Id == B.Id; }

private:
	uint64 Id = 0;
};

namespace Shim
{
	uint64 NextHandle();
}

template <typename Signature>
class TDelegate;

// [E] One function. CreateSP: not called once its object is gone.
template <typename R, typename... A>
class TDelegate<R(A...)>
{
public:
	template <typename F>
	static TDelegate CreateLambda(F Function)
	{
		TDelegate Result;
		Result.Function = Function;
		return Result;
	}
	template <typename T, typename M>
	static TDelegate CreateRaw(T* Object, M Method)
	{
		TDelegate Result = CreateLambda([Object, Method](A... Args) -> R { return (Object->*Method)(Args...); });
		Result.Object = Object;
		return Result;
	}
	template <typename T, typename M>
	static TDelegate CreateSP(const TSharedRef<T>& Object, M Method)
	{
		TDelegate Result = CreateRaw(&Object.Get(), Method);
		Result.Weak = std::weak_ptr<const void>(Object.ShimOwned());
		Result.bWeak = true;
		return Result;
	}
	template <typename T, typename M>
	static TDelegate CreateSP(T* Object, M Method)
	{
		return CreateSP(Object->AsShared(), Method);
	}
	template <typename F>
	static TDelegate CreateStatic(F* Function)
	{
		return CreateLambda(Function);
	}
	template <typename F>
	void BindLambda(F InFunction)
	{
		*this = CreateLambda(InFunction);
	}
	template <typename T, typename M>
	void BindRaw(T* InObject, M Method)
	{
		*this = CreateRaw(InObject, Method);
	}
	void Unbind() { *this = TDelegate(); }
	bool IsBound() const { return Function && !(bWeak && Weak.expired()); }
	bool IsBoundTo(const void* Other) const { return Object == Other && Object != nullptr; }
	R Execute(A... Args) const
	{
		check(IsBound());
		return Function(Args...);
	}
	bool ExecuteIfBound(A... Args) const
	{
		if (!IsBound())
		{
			return false;
		}
		Function(Args...);
		return true;
	}

private:
	std::function<R(A...)> Function;
	const void* Object = nullptr;
	std::weak_ptr<const void> Weak;
	bool bWeak = false;
};

template <typename Signature>
class TMulticastDelegate;

// [E] Any number of functions; they may be added and removed while it broadcasts.
template <typename... A>
class TMulticastDelegate<void(A...)>
{
public:
	using FDelegate = TDelegate<void(A...)>;
	FDelegateHandle Add(FDelegate Delegate)
	{
		const FDelegateHandle Handle(Shim::NextHandle());
		Entries.push_back(std::make_shared<FEntry>(FEntry{Handle, MoveTemp(Delegate)}));
		return Handle;
	}
	template <typename F>
	FDelegateHandle AddLambda(F Function)
	{
		return Add(FDelegate::CreateLambda(Function));
	}
	template <typename T, typename M>
	FDelegateHandle AddRaw(T* Object, M Method)
	{
		return Add(FDelegate::CreateRaw(Object, Method));
	}
	template <typename T, typename M>
	FDelegateHandle AddSP(T&& Object, M Method)
	{
		return Add(FDelegate::CreateSP(Object, Method));
	}
	bool Remove(FDelegateHandle Handle)
	{
		return Erase([&Handle](const FEntry& Entry) { return Entry.Handle == Handle; }) > 0;
	}
	int32 RemoveAll(const void* Object)
	{
		return Erase([Object](const FEntry& Entry) { return Entry.Delegate.IsBoundTo(Object); });
	}
	void Clear()
	{
		Erase([](const FEntry&) { return true; });
	}
	bool IsBound() const { return !Entries.empty(); }
	void Broadcast(A... Args) const
	{
		const std::vector<std::shared_ptr<FEntry>> Now = Entries;
		for (const std::shared_ptr<FEntry>& Entry : Now)
		{
			if (!Entry->bRemoved)
			{
				Entry->Delegate.ExecuteIfBound(Args...);
			}
		}
	}

private:
	struct FEntry
	{
		FDelegateHandle Handle;
		FDelegate Delegate;
		bool bRemoved = false;
	};
	template <typename P>
	int32 Erase(P Predicate)
	{
		int32 Count = 0;
		for (std::size_t Index = Entries.size(); Index-- > 0;)
		{
			if (Predicate(*Entries[Index]))
			{
				Entries[Index]->bRemoved = true;
				Entries.erase(Entries.begin() + static_cast<std::ptrdiff_t>(Index));
				++Count;
			}
		}
		return Count;
	}
	std::vector<std::shared_ptr<FEntry>> Entries;
};

using FSimpleDelegate = TDelegate<void()>;
using FSimpleMulticastDelegate = TMulticastDelegate<void()>;
#define DECLARE_DELEGATE(Name) using Name = TDelegate<void()>
#define DECLARE_DELEGATE_OneParam(Name, P1) using Name = TDelegate<void(P1)>
#define DECLARE_DELEGATE_TwoParams(Name, P1, P2) using Name = TDelegate<void(P1, P2)>
#define DECLARE_DELEGATE_RetVal(R, Name) using Name = TDelegate<R()>
#define DECLARE_DELEGATE_RetVal_OneParam(R, Name, P1) using Name = TDelegate<R(P1)>
#define DECLARE_MULTICAST_DELEGATE(Name) using Name = TMulticastDelegate<void()>
#define DECLARE_MULTICAST_DELEGATE_OneParam(Name, P1) using Name = TMulticastDelegate<void(P1)>
#define DECLARE_MULTICAST_DELEGATE_TwoParams(Name, P1, P2) using Name = TMulticastDelegate<void(P1, P2)>
#define DECLARE_MULTICAST_DELEGATE_ThreeParams(Name, P1, P2, P3) using Name = TMulticastDelegate<void(P1, P2, P3)>
