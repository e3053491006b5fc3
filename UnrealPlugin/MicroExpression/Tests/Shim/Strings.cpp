// Shim: FString and conversions.
#include <cstdio>

#include "CoreMinimal.h"

std::u16string Shim::ToUtf16(const char* Utf8, std::size_t Bytes)
{
	std::u16string Result;
	for (std::size_t I = 0; I < Bytes;)
	{
		const auto Lead = static_cast<unsigned char>(Utf8[I]);
		const int More = Lead < 0x80 ? 0 : Lead < 0xE0 ? 1 : Lead < 0xF0 ? 2 : 3;
		std::uint32_t Point = More == 0 ? Lead : Lead & (0x3Fu >> More);
		for (int Extra = 0; Extra < More && ++I < Bytes; ++Extra)
		{
			Point = Point << 6 | (static_cast<unsigned char>(Utf8[I]) & 0x3Fu);
		}
		++I;
		if (Point >= 0x10000)
		{
			Result += static_cast<char16_t>(0xD800 + ((Point - 0x10000) >> 10));
			Point = 0xDC00 + ((Point - 0x10000) & 0x3FF);
		}
		Result += static_cast<char16_t>(Point);
	}
	return Result;
}

std::string Shim::ToUtf8(const char16_t* Text, std::size_t Length)
{
	std::string Result;
	for (std::size_t I = 0; I < Length; ++I)
	{
		std::uint32_t Point = Text[I];
		if (Point >= 0xD800 && Point < 0xDC00 && I + 1 < Length)
		{
			Point = 0x10000 + ((Point - 0xD800) << 10) + (Text[++I] - 0xDC00u);
		}
		if (Point < 0x80)
		{
			Result += static_cast<char>(Point);
			continue;
		}
		const int More = Point < 0x800 ? 1 : Point < 0x10000 ? 2 : 3;
		Result += static_cast<char>((0xFFu << (7 - More) & 0xFFu) | Point >> (6 * More));
		for (int Extra = More; Extra-- > 0;)
		{
			Result += static_cast<char>(0x80 | (Point >> (6 * Extra) & 0x3F));
		}
	}
	return Result;
}

std::string Shim::ToUtf8(const FString& Text)
{
	return ToUtf8(*Text, static_cast<std::size_t>(Text.Len()));
}

std::u16string Shim::Print(const TCHAR* Format, const FArgument* Arguments, std::size_t Count)
{
	std::u16string Result;
	std::size_t Next = 0;
	for (const TCHAR* At = Format; *At; ++At)
	{
		if (*At != u'%')
		{
			Result += *At;
			continue;
		}
		if (*++At == u'%')
		{
			Result += u'%';
			continue;
		}
		std::string Spec = "%";
		while (*At && std::strchr("0123456789.+-# ", static_cast<int>(*At)))
		{
			Spec += static_cast<char>(*At++);
		}
		while (*At == u'l' || *At == u'h')
		{
			++At;
		}
		check(Next < Count);
		const FArgument& Argument = Arguments[Next++];
		char Text[400];
		const char Kind = static_cast<char>(*At);
		if (Kind == 's')
		{
			check(Argument.Kind == FArgument::Text);
			Result += Argument.T;
			continue;
		}
		if (Argument.Kind == FArgument::Real)
		{
			check(std::strchr("fgeGE", Kind));
			std::snprintf(Text, sizeof Text, (Spec + Kind).c_str(), Argument.R);
		}
		else
		{
			check(std::strchr("diuxX", Kind) && Argument.Kind != FArgument::Text);
			const auto Number = Argument.Kind == FArgument::Integer ? Argument.I : static_cast<long long>(Argument.U);
			std::snprintf(Text, sizeof Text, (Spec + "ll" + Kind).c_str(), Number);
		}
		Result += ToUtf16(Text, std::strlen(Text));
	}
	check(Next == Count);
	return Result;
}

FString operator/(const FString& A, const FString& B)
{
	return A.EndsWith(TEXT("/")) || A.IsEmpty() ? A + B : A + TEXT("/") + B;
}

bool FString::Equals(const FString& Other, ESearchCase::Type Case) const
{
	return Case == ESearchCase::CaseSensitive ? Text == Other.Text : ToLower().Text == Other.ToLower().Text;
}

bool FString::StartsWith(const FString& Prefix, ESearchCase::Type Case) const
{
	return Left(Prefix.Len()).Equals(Prefix, Case);
}

bool FString::EndsWith(const FString& Suffix, ESearchCase::Type Case) const
{
	return Len() >= Suffix.Len() && Right(Suffix.Len()).Equals(Suffix, Case);
}

int32 FString::Find(const FString& Part, ESearchCase::Type Case, ESearchDir::Type Direction) const
{
	const bool bFold = Case == ESearchCase::IgnoreCase;
	const std::u16string In = bFold ? ToLower().Text : Text, Wanted = bFold ? Part.ToLower().Text : Part.Text;
	const std::size_t At = Direction == ESearchDir::FromStart ? In.find(Wanted) : In.rfind(Wanted);
	return At == std::u16string::npos ? static_cast<int32>(INDEX_NONE) : static_cast<int32>(At);
}

bool FString::FindChar(TCHAR C, int32& OutIndex) const
{
	OutIndex = Find(FString(1, &C), ESearchCase::CaseSensitive);
	return OutIndex != INDEX_NONE;
}

bool FString::FindLastChar(TCHAR C, int32& OutIndex) const
{
	OutIndex = Find(FString(1, &C), ESearchCase::CaseSensitive, ESearchDir::FromEnd);
	return OutIndex != INDEX_NONE;
}

FString FString::Mid(int32 Start, int32 Count) const
{
	Start = FMath::Clamp(Start, 0, Len());
	return FString(Text.substr(static_cast<std::size_t>(Start), static_cast<std::size_t>(FMath::Max(0, Count))));
}

FString FString::ToLower() const
{
	std::u16string Lower = Text;
	for (char16_t& C : Lower)
	{
		C = FChar::ToLower(C);
	}
	return FString(Lower);
}

FString FString::Replace(const TCHAR* From, const TCHAR* To, ESearchCase::Type Case) const
{
	const FString Wanted(From);
	FString Rest = *this, Result;
	for (int32 At; (At = Rest.Find(Wanted, Case)) != INDEX_NONE; Rest = Rest.RightChop(At + Wanted.Len()))
	{
		Result += Rest.Left(At) + To;
	}
	return Result + Rest;
}

FString FString::TrimStartAndEnd() const
{
	int32 Start = 0, End = Len();
	while (Start < End && FChar::IsWhitespace((*this)[Start]))
	{
		++Start;
	}
	while (End > Start && FChar::IsWhitespace((*this)[End - 1]))
	{
		--End;
	}
	return Mid(Start, End - Start);
}

bool FString::IsNumeric() const
{
	return !IsEmpty() && std::all_of(begin(), end(), [](TCHAR C) { return FChar::IsDigit(C); });
}

FString FString::FromInt(int32 Number)
{
	return Printf(TEXT("%d"), Number);
}

FString FString::Join(const TArray<FString>& Parts, const TCHAR* Separator)
{
	FString Result;
	for (int32 Index = 0; Index < Parts.Num(); ++Index)
	{
		Result += (Index ? FString(Separator) : FString()) + Parts[Index];
	}
	return Result;
}

uint32 GetTypeHash(const FString& Text)
{
	return static_cast<uint32>(std::hash<std::string>()(Shim::ToUtf8(Text.ToLower())));
}

uint32 HashCombine(uint32 A, uint32 B)
{
	return A * 31u + B;
}
