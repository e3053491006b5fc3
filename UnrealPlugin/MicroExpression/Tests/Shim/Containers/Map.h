// Shim: TPair, TMap, TSet: in order of insertion, as the engine's are while nothing is removed. [E]
#pragma once

#include <unordered_map>

#include "Containers/Array.h"

// [E]
template <typename K, typename V>
struct TPair
{
	K Key;
	V Value;
};

namespace Shim
{
	// Calls the engine's GetTypeHash, found by the key's type.
	struct FHash
	{
		template <typename K>
		std::size_t operator()(const K& Key) const
		{
			return GetTypeHash(Key);
		}
	};
}

// [E]
template <typename K, typename V>
class TMap
{
public:
	int32 Num() const { return Pairs.Num(); }
	bool IsEmpty() const { return Pairs.IsEmpty(); }
	void Reset()
	{
		Pairs.Reset();
		Index.clear();
	}
	void Empty(int32 = 0) { Reset(); }
	void Reserve(int32 Count) { Pairs.Reserve(Count); }
	V& FindOrAdd(const K& Key)
	{
		const auto [Place, bNew] = Index.emplace(Key, Pairs.Num());
		if (bNew)
		{
			Pairs.Add(TPair<K, V>{Key, V()});
		}
		return Pairs[Place->second].Value;
	}
	V& Add(const K& Key) { return FindOrAdd(Key); }
	V& Add(const K& Key, V Value) { return FindOrAdd(Key) = MoveTemp(Value); }
	V* Find(const K& Key)
	{
		const auto Place = Index.find(Key);
		return Place == Index.end() ? nullptr : &Pairs[Place->second].Value;
	}
	const V* Find(const K& Key) const { return const_cast<TMap*>(this)->Find(Key); }
	V FindRef(const K& Key) const
	{
		const V* Value = Find(Key);
		return Value ? *Value : V();
	}
	V& operator[](const K& Key)
	{
		V* Value = Find(Key);
		check(Value);
		return *Value;
	}
	bool Contains(const K& Key) const { return Index.count(Key) != 0; }
	int32 Remove(const K& Key)
	{
		const auto Place = Index.find(Key);
		if (Place == Index.end())
		{
			return 0;
		}
		Pairs.RemoveAt(Place->second);
		Index.clear();
		for (int32 Position = 0; Position < Pairs.Num(); ++Position)
		{
			Index.emplace(Pairs[Position].Key, Position);
		}
		return 1;
	}
	int32 GetKeys(TArray<K>& OutKeys) const
	{
		for (const TPair<K, V>& Pair : Pairs)
		{
			OutKeys.Add(Pair.Key);
		}
		return Num();
	}
	void GenerateValueArray(TArray<V>& OutValues) const
	{
		OutValues.Reset();
		for (const TPair<K, V>& Pair : Pairs)
		{
			OutValues.Add(Pair.Value);
		}
	}
	auto begin() { return Pairs.begin(); }
	auto end() { return Pairs.end(); }
	auto begin() const { return Pairs.begin(); }
	auto end() const { return Pairs.end(); }

private:
	TArray<TPair<K, V>> Pairs;
	std::unordered_map<K, int32, Shim::FHash> Index;
};

// [E]
template <typename K>
class TSet
{
public:
	int32 Num() const { return Map.Num(); }
	bool IsEmpty() const { return Map.IsEmpty(); }
	bool Contains(const K& Key) const { return Map.Contains(Key); }
	void Add(const K& Key, bool* bAlreadyThere = nullptr)
	{
		if (bAlreadyThere)
		{
			*bAlreadyThere = Map.Contains(Key);
		}
		Map.Add(Key);
	}
	int32 Remove(const K& Key) { return Map.Remove(Key); }
	void Reset() { Map.Reset(); }
	void Empty(int32 = 0) { Map.Reset(); }

private:
	TMap<K, char> Map;
};
