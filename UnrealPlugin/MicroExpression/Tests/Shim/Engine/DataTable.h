// Shim: UDataTable. Names and signatures [E][P].
#pragma once

#include "UObject/Object.h"

// [E] A struct's description; the header tool generates one for every USTRUCT.
class UScriptStruct
{
public:
	template <typename T>
	static UScriptStruct ShimMake(const TCHAR* Name, const UScriptStruct* Super)
	{
		UScriptStruct Result;
		Result.Name = Name;
		Result.Super = Super;
		Result.Copy = [](const void* From) -> uint8*
		{ return reinterpret_cast<uint8*>(new T(*static_cast<const T*>(From))); };
		Result.Free = [](uint8* Row) { delete reinterpret_cast<T*>(Row); };
		return Result;
	}
	bool IsChildOf(const UScriptStruct* Other) const { return this == Other || (Super && Super->IsChildOf(Other)); }
	FString GetName() const { return Name; }
	uint8* (*Copy)(const void*) = nullptr;
	void (*Free)(uint8*) = nullptr;
	// A row as text, for ShimContent.
	FString (*Describe)(const void*) = nullptr;

private:
	FString Name;
	const UScriptStruct* Super = nullptr;
};

// [E]
struct FTableRowBase
{
	virtual ~FTableRowBase() = default;
	static UScriptStruct* StaticStruct();
};

// [E][P]
class UDataTable : public UObject
{
	SHIM_CLASS(UDataTable, UObject)
	TObjectPtr<UScriptStruct> RowStruct = nullptr;

	// Copies the row by RowStruct: another struct's row is undefined behaviour in the engine. A row of that name is
	// replaced.
	void AddRow(FName RowName, const FTableRowBase& RowData);
	void EmptyTable();
	const TMap<FName, uint8*>& GetRowMap() const { return RowMap; }
	TArray<FName> GetRowNames() const;
	const UScriptStruct* GetRowStruct() const { return RowStruct; }

	// Null when there is no such row, or when T is not the table's struct or a parent of it.
	template <class T>
	T* FindRow(FName RowName, const TCHAR* ContextString, bool bWarnIfRowMissing = true) const
	{
		return FindRow<T>(RowName, FString(ContextString), bWarnIfRowMissing);
	}
	template <class T>
	T* FindRow(FName RowName, const FString& ContextString, bool bWarnIfRowMissing = true) const
	{
		return reinterpret_cast<T*>(ShimFindRow(RowName, T::StaticStruct(), ContextString, bWarnIfRowMissing));
	}

	std::function<void()> ShimCapture() override;
	FString ShimContent() const override;

private:
	uint8* ShimFindRow(FName RowName, const UScriptStruct* Wanted, const FString& Context, bool bWarn) const;
	TMap<FName, uint8*> RowMap;
};
