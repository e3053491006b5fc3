// Shim: TArray. [E]
#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "CoreTypes.h"

// [E] Every access is checked, as in the engine's development builds. TArray<bool> is not needed and not offered.
template <typename T>
class TArray
{
	static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements to refer to");

public:
	using ElementType = T;
	TArray() = default;
	TArray(std::initializer_list<T> Given) : Items(Given) {}
	TArray(const T* Data, int32 Count) : Items(Data, Data + Count) {}

	int32 Num() const { return static_cast<int32>(Items.size()); }
	bool IsEmpty() const { return Items.empty(); }
	bool IsValidIndex(int32 Index) const { return Index >= 0 && Index < Num(); }
	T& operator[](int32 Index)
	{
		check(IsValidIndex(Index));
		return Items[static_cast<std::size_t>(Index)];
	}
	const T& operator[](int32 Index) const
	{
		check(IsValidIndex(Index));
		return Items[static_cast<std::size_t>(Index)];
	}
	T& Last(int32 FromEnd = 0) { return (*this)[Num() - 1 - FromEnd]; }
	const T& Last(int32 FromEnd = 0) const { return (*this)[Num() - 1 - FromEnd]; }
	T* GetData() { return Items.data(); }
	const T* GetData() const { return Items.data(); }
	auto begin() { return Items.begin(); }
	auto end() { return Items.end(); }
	auto begin() const { return Items.begin(); }
	auto end() const { return Items.end(); }

	int32 Add(const T& Item)
	{
		Items.push_back(Item);
		return Num() - 1;
	}
	int32 Add(T&& Item)
	{
		Items.push_back(MoveTemp(Item));
		return Num() - 1;
	}
	template <typename... A>
	int32 Emplace(A&&... Args)
	{
		Items.emplace_back(Forward<A>(Args)...);
		return Num() - 1;
	}
	template <typename... A>
	T& Emplace_GetRef(A&&... Args)
	{
		return Items.emplace_back(Forward<A>(Args)...);
	}
	T& AddDefaulted_GetRef() { return Items.emplace_back(); }
	T& Add_GetRef(const T& Item) { return Items.emplace_back(Item); }
	int32 AddUnique(const T& Item)
	{
		const int32 Index = Find(Item);
		return Index == INDEX_NONE ? Add(Item) : Index;
	}
	void Append(const TArray& Other) { Items.insert(Items.end(), Other.Items.begin(), Other.Items.end()); }
	void Insert(const T& Item, int32 Index) { Items.insert(Items.begin() + Index, Item); }
	void Reserve(int32 Count) { Items.reserve(static_cast<std::size_t>(Count)); }
	void SetNum(int32 Count) { Items.resize(static_cast<std::size_t>(Count)); }
	void Reset(int32 = 0) { Items.clear(); }
	void Empty(int32 = 0) { Items.clear(); }
	void RemoveAt(int32 Index)
	{
		check(IsValidIndex(Index));
		Items.erase(Items.begin() + Index);
	}
	int32 Remove(const T& Item)
	{
		return RemoveAll([&Item](const T& Other) { return Other == Item; });
	}
	template <typename P>
	int32 RemoveAll(P Predicate)
	{
		const int32 Before = Num();
		Items.erase(std::remove_if(Items.begin(), Items.end(), Predicate), Items.end());
		return Before - Num();
	}
	T Pop()
	{
		T Item = MoveTemp(Last());
		Items.pop_back();
		return Item;
	}

	int32 Find(const T& Item) const
	{
		return IndexOfByPredicate([&Item](const T& Other) { return Other == Item; });
	}
	bool Contains(const T& Item) const { return Find(Item) != INDEX_NONE; }
	template <typename P>
	int32 IndexOfByPredicate(P Predicate) const
	{
		const auto Found = std::find_if(Items.begin(), Items.end(), Predicate);
		return Found == Items.end() ? static_cast<int32>(INDEX_NONE) : static_cast<int32>(Found - Items.begin());
	}
	template <typename P>
	bool ContainsByPredicate(P Predicate) const
	{
		return IndexOfByPredicate(Predicate) != INDEX_NONE;
	}
	template <typename P>
	T* FindByPredicate(P Predicate)
	{
		const int32 Index = IndexOfByPredicate(Predicate);
		return Index == INDEX_NONE ? nullptr : &Items[static_cast<std::size_t>(Index)];
	}
	template <typename P>
	const T* FindByPredicate(P Predicate) const
	{
		return const_cast<TArray*>(this)->FindByPredicate(Predicate);
	}
	template <typename P>
	void Sort(P Before)
	{
		std::sort(Items.begin(), Items.end(), Before);
	}
	template <typename P>
	void StableSort(P Before)
	{
		std::stable_sort(Items.begin(), Items.end(), Before);
	}
	bool operator==(const TArray& Other) const { return Items == Other.Items; }
	bool operator!=(const TArray& Other) const { return !(*this == Other); }

private:
	std::vector<T> Items;
};
