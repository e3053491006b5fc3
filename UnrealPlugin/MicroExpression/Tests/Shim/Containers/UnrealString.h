// Shim: FString and conversions. [E]
#pragma once

#include <string>

#include "Containers/Array.h"

// [E] Search and comparison options.
namespace ESearchCase
{
	enum Type
	{
		CaseSensitive,
		IgnoreCase
	};
}
namespace ESearchDir
{
	enum Type
	{
		FromStart,
		FromEnd
	};
}

// [E] ASCII is all that is needed here.
struct FChar
{
	static bool IsDigit(TCHAR C) { return C >= u'0' && C <= u'9'; }
	static bool IsAlpha(TCHAR C) { return (C >= u'a' && C <= u'z') || (C >= u'A' && C <= u'Z'); }
	static bool IsAlnum(TCHAR C) { return IsDigit(C) || IsAlpha(C); }
	static bool IsWhitespace(TCHAR C) { return C == u' ' || (C >= u'\t' && C <= u'\r'); }
	static TCHAR ToLower(TCHAR C) { return C >= u'A' && C <= u'Z' ? static_cast<TCHAR>(C + 32) : C; }
	static TCHAR ToUpper(TCHAR C) { return C >= u'a' && C <= u'z' ? static_cast<TCHAR>(C - 32) : C; }
};

class FString;
namespace Shim
{
	std::u16string ToUtf16(const char* Utf8, std::size_t Bytes);
	std::string ToUtf8(const char16_t* Text, std::size_t Length);
	std::string ToUtf8(const FString& Text);

	// One argument of FString::Printf.
	struct FArgument
	{
		enum
		{
			Integer,
			Unsigned,
			Real,
			Text
		} Kind;
		long long I = 0;
		unsigned long long U = 0;
		double R = 0.0;
		const TCHAR* T = nullptr;
		template <typename A>
		static FArgument Of(const A& Value)
		{
			FArgument Result{};
			if constexpr (std::is_floating_point_v<A>)
			{
				Result.Kind = Real;
				Result.R = Value;
			}
			else if constexpr (std::is_convertible_v<A, const TCHAR*>)
			{
				Result.Kind = Text;
				Result.T = Value;
			}
			else if constexpr (std::is_unsigned_v<A>)
			{
				Result.Kind = Unsigned;
				Result.U = Value;
			}
			else
			{
				static_assert(std::is_integral_v<A>, "Printf takes numbers and const TCHAR*: write *String");
				Result.Kind = Integer;
				Result.I = Value;
			}
			return Result;
		}
	};
	std::u16string Print(const TCHAR* Format, const FArgument* Arguments, std::size_t Count);
}

// [E] UTF-16 here; comparison ignores case, as in the engine.
class FString
{
public:
	FString() = default;
	FString(const TCHAR* InText) : Text(InText ? InText : u"") {}
	FString(int32 Count, const TCHAR* InText) : Text(InText, static_cast<std::size_t>(Count)) {}
	explicit FString(std::u16string InText) : Text(MoveTemp(InText)) {}

	const TCHAR* operator*() const { return Text.c_str(); }
	int32 Len() const { return static_cast<int32>(Text.size()); }
	bool IsEmpty() const { return Text.empty(); }
	void Reset(int32 = 0) { Text.clear(); }
	void Empty(int32 = 0) { Text.clear(); }
	void Reserve(int32 Count) { Text.reserve(static_cast<std::size_t>(Count)); }
	TCHAR operator[](int32 Index) const
	{
		check(Index >= 0 && Index < Len());
		return Text[static_cast<std::size_t>(Index)];
	}
	TCHAR& operator[](int32 Index)
	{
		check(Index >= 0 && Index < Len());
		return Text[static_cast<std::size_t>(Index)];
	}
	auto begin() const { return Text.begin(); }
	auto end() const { return Text.end(); }
	FString& operator+=(const FString& Other)
	{
		Text += Other.Text;
		return *this;
	}
	FString& operator+=(const TCHAR* Other)
	{
		Text += Other;
		return *this;
	}
	FString& AppendChar(TCHAR C)
	{
		Text += C;
		return *this;
	}
	friend FString operator+(const FString& A, const FString& B) { return FString(A.Text + B.Text); }
	friend FString operator+(const FString& A, const TCHAR* B) { return FString(A.Text + B); }
	friend FString operator+(const TCHAR* A, const FString& B) { return FString(A + B.Text); }
	friend FString operator/(const FString& A, const FString& B);
	friend FString operator/(const FString& A, const TCHAR* B) { return A / FString(B); }
	friend bool operator==(const FString& A, const FString& B) { return A.Equals(B, ESearchCase::IgnoreCase); }
	friend bool operator==(const FString& A, const TCHAR* B) { return A == FString(B); }
	friend bool operator!=(const FString& A, const FString& B) { return !(A == B); }
	friend bool operator<(const FString& A, const FString& B) { return A.ToLower().Text < B.ToLower().Text; }

	bool Equals(const FString& Other, ESearchCase::Type Case = ESearchCase::CaseSensitive) const;
	bool StartsWith(const FString& Prefix, ESearchCase::Type Case = ESearchCase::IgnoreCase) const;
	bool EndsWith(const FString& Suffix, ESearchCase::Type Case = ESearchCase::IgnoreCase) const;
	int32 Find(const FString& Part, ESearchCase::Type Case = ESearchCase::IgnoreCase,
		ESearchDir::Type Direction = ESearchDir::FromStart) const;
	bool Contains(const FString& Part, ESearchCase::Type Case = ESearchCase::IgnoreCase) const
	{
		return Find(Part, Case) != INDEX_NONE;
	}
	bool FindChar(TCHAR C, int32& OutIndex) const;
	bool FindLastChar(TCHAR C, int32& OutIndex) const;
	FString Left(int32 Count) const { return Mid(0, Count); }
	FString LeftChop(int32 Count) const { return Mid(0, FMath::Max(0, Len() - Count)); }
	FString Right(int32 Count) const { return Mid(FMath::Max(0, Len() - Count)); }
	FString RightChop(int32 Count) const { return Mid(Count); }
	FString Mid(int32 Start, int32 Count = MAX_int32) const;
	FString ToLower() const;
	FString Replace(const TCHAR* From, const TCHAR* To, ESearchCase::Type Case = ESearchCase::IgnoreCase) const;
	FString TrimStartAndEnd() const;
	bool IsNumeric() const;

	template <typename... A>
	static FString Printf(const TCHAR* Format, const A&... Arguments)
	{
		const Shim::FArgument Given[] = {Shim::FArgument::Of(Arguments)..., Shim::FArgument{}};
		return FString(Shim::Print(Format, Given, sizeof...(A)));
	}
	static FString FromInt(int32 Number);
	static FString Join(const TArray<FString>& Parts, const TCHAR* Separator);

private:
	std::u16string Text;
};
uint32 GetTypeHash(const FString& Text);

// [E] Narrow and wide text; what Get returns lives as long as the converter.
class FUTF8ToTCHAR
{
public:
	explicit FUTF8ToTCHAR(const ANSICHAR* Utf8) : Text(Shim::ToUtf16(Utf8, std::strlen(Utf8))) {}
	const TCHAR* Get() const { return Text.c_str(); }
	int32 Length() const { return static_cast<int32>(Text.size()); }

private:
	std::u16string Text;
};
// [E]
class FTCHARToUTF8
{
public:
	explicit FTCHARToUTF8(const TCHAR* Wide) : Text(Shim::ToUtf8(Wide, std::char_traits<TCHAR>::length(Wide))) {}
	const ANSICHAR* Get() const { return Text.c_str(); }
	int32 Length() const { return static_cast<int32>(Text.size()); }

private:
	std::string Text;
};
#define UTF8_TO_TCHAR(Text) (FUTF8ToTCHAR(Text).Get())
#define TCHAR_TO_UTF8(Text) (FTCHARToUTF8(Text).Get())
#define ANSI_TO_TCHAR(Text) (FUTF8ToTCHAR(Text).Get())

inline FString LexToString(int32 Value)
{
	return FString::FromInt(Value);
}
inline FString LexToString(const FString& Value)
{
	return Value;
}
