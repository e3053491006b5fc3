// Shim: FText and LOCTEXT. [E]
#pragma once

#include "UObject/NameTypes.h"

class FText;

// [E] What FText::Format takes: texts and numbers; no FString.
class FFormatArgumentValue
{
public:
	FFormatArgumentValue(const FText& Text);
	FFormatArgumentValue(int32 Number) : Value(FString::FromInt(Number)) {}
	FFormatArgumentValue(double Number) : Value(FString::Printf(TEXT("%g"), Number)) {}
	const FString& Get() const { return Value; }

private:
	FString Value;
};

// [E]
class FText
{
public:
	FText() = default;
	static FText FromString(const FString& Value) { return FText(Value); }
	static FText FromName(const FName& Value) { return FText(Value.ToString()); }
	static const FText& GetEmpty();
	static FText AsNumber(int32 Number) { return FText(FString::FromInt(Number)); }
	// {0}, {1}, ... in the order of the arguments
	template <typename... A>
	static FText Format(const FText& Pattern, const A&... Arguments)
	{
		return FormatOrdered(Pattern, TArray<FFormatArgumentValue>{FFormatArgumentValue(Arguments)...});
	}
	const FString& ToString() const { return Text; }
	bool IsEmpty() const { return Text.IsEmpty(); }
	bool EqualTo(const FText& Other) const { return Text.Equals(Other.Text); }

	// A key of a namespace stands for one text in the whole program: another one is a violation.
	static FText ShimLiteral(const TCHAR* Namespace, const TCHAR* Key, const TCHAR* Value);

private:
	explicit FText(const FString& InText) : Text(InText) {}
	static FText FormatOrdered(const FText& Pattern, const TArray<FFormatArgumentValue>& Arguments);
	FString Text;
};
inline FFormatArgumentValue::FFormatArgumentValue(const FText& Text) : Value(Text.ToString()) {}

#define LOCTEXT(Key, Literal) FText::ShimLiteral(TEXT(LOCTEXT_NAMESPACE), TEXT(Key), TEXT(Literal))
#define NSLOCTEXT(Namespace, Key, Literal) FText::ShimLiteral(TEXT(Namespace), TEXT(Key), TEXT(Literal))
#define INVTEXT(Literal) FText::FromString(TEXT(Literal))
