// Shim: FName. [E]
#pragma once

#include "Containers/UnrealString.h"

enum EName : uint32
{
	NAME_None = 0
};
#define NAME_SIZE 1024

// [E] Compared without case; the text keeps the case it was made with. The engine ends the program on longer names.
class FName
{
public:
	FName() : Text(TEXT("None")) {}
	FName(EName) : FName() {}
	FName(const TCHAR* InText) : FName(FString(InText)) {}
	explicit FName(const FString& InText) : Text(InText.IsEmpty() ? FString(TEXT("None")) : InText)
	{
		check(InText.Len() < NAME_SIZE);
	}
	FString ToString() const { return Text; }
	bool IsNone() const { return Text == TEXT("None"); }
	bool IsValid() const { return true; }
	friend bool operator==(const FName& A, const FName& B) { return A.Text == B.Text; }
	friend bool operator!=(const FName& A, const FName& B) { return !(A == B); }
	bool LexicalLess(const FName& Other) const { return Text < Other.Text; }
	friend uint32 GetTypeHash(const FName& Name) { return GetTypeHash(Name.Text); }

private:
	FString Text;
};
