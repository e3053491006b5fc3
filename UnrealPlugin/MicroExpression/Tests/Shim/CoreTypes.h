// Shim: basic types, assertions, text macros. [E] unless said otherwise.
// TCHAR is char16_t, as on Linux and Mac editors: mixing it up with char does not compile.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

using int8 = std::int8_t;
using int16 = std::int16_t;
using int32 = std::int32_t;
using int64 = long long;
using uint8 = std::uint8_t;
using uint16 = std::uint16_t;
using uint32 = std::uint32_t;
using uint64 = unsigned long long;
using ANSICHAR = char;
using TCHAR = char16_t;
using SIZE_T = std::size_t;

#define TEXT_PASTE(x) u##x
#define TEXT(x) TEXT_PASTE(x)

enum
{
	INDEX_NONE = -1
};
enum EForceInit
{
	ForceInit,
	ForceInitToZero
};

#define MAX_FLT 3.402823466e+38F
#define MAX_int32 ((int32)0x7fffffff)
#define UE_SMALL_NUMBER 1.e-8f
#define UE_KINDA_SMALL_NUMBER 1.e-4f
#define KINDA_SMALL_NUMBER UE_KINDA_SMALL_NUMBER

#define WITH_EDITOR 1
#define PLATFORM_WINDOWS 0
#define UE_BUILD_SHIPPING 0
#define FORCEINLINE inline
#define FORCENOINLINE

// The build tool defines these per module: import and export of symbols.
#define MICROEXPRESSION_API
#define MICROEXPRESSIONEDITOR_API

#define THIRD_PARTY_INCLUDES_START
#define THIRD_PARTY_INCLUDES_END

namespace Shim
{
	// Ends the program: an engine would stop in the debugger.
	[[noreturn]] void Fail(const char* Expression, const char* File, int Line);
	// A rule of the engine's API that was broken but that the engine itself would have let pass, or only logged.
	void Violate(const char* Rule);
}

#define check(Expression) ((Expression) ? (void)0 : Shim::Fail(#Expression, __FILE__, __LINE__))
#define checkf(Expression, ...) check(Expression)
#define verify(Expression) check(Expression)
#define ensure(Expression) ((Expression) ? true : (Shim::Violate("ensure(" #Expression ")"), false))
#define ensureMsgf(Expression, ...) ensure(Expression)
#define checkNoEntry() Shim::Fail("no entry", __FILE__, __LINE__)

template <typename T>
constexpr T&& Forward(std::remove_reference_t<T>& Value) noexcept
{
	return static_cast<T&&>(Value);
}
template <typename T>
constexpr std::remove_reference_t<T>&& MoveTemp(T&& Value) noexcept
{
	static_assert(!std::is_const_v<std::remove_reference_t<T>>, "MoveTemp called on a const object");
	return static_cast<std::remove_reference_t<T>&&>(Value);
}
template <typename T>
void Swap(T& A, T& B)
{
	std::swap(A, B);
}

#define ENUM_CLASS_FLAGS(Enum) \
	inline constexpr Enum operator|(Enum A, Enum B) \
	{ \
		return Enum(std::underlying_type_t<Enum>(A) | std::underlying_type_t<Enum>(B)); \
	} \
	inline constexpr Enum operator&(Enum A, Enum B) \
	{ \
		return Enum(std::underlying_type_t<Enum>(A) & std::underlying_type_t<Enum>(B)); \
	} \
	inline constexpr Enum operator~(Enum A) \
	{ \
		return Enum(~std::underlying_type_t<Enum>(A)); \
	} \
	inline Enum& operator|=(Enum& A, Enum B) \
	{ \
		return A = A | B; \
	} \
	inline Enum& operator&=(Enum& A, Enum B) \
	{ \
		return A = A & B; \
	}

template <typename Enum>
constexpr bool EnumHasAnyFlags(Enum Flags, Enum Contains)
{
	return (Flags & Contains) != Enum(0);
}

// [E] An enum stored in a byte.
template <typename Enum>
class TEnumAsByte
{
public:
	TEnumAsByte() = default;
	TEnumAsByte(Enum Value) : Byte(static_cast<uint8>(Value)) {}
	explicit TEnumAsByte(int32 Value) : Byte(static_cast<uint8>(Value)) {}
	operator Enum() const { return static_cast<Enum>(Byte); }
	Enum GetValue() const { return static_cast<Enum>(Byte); }

private:
	uint8 Byte = 0;
};

// [E] The few functions of FMath that are used.
struct FMath
{
	template <typename T>
	static constexpr T Max(T A, T B)
	{
		return A < B ? B : A;
	}
	template <typename T>
	static constexpr T Min(T A, T B)
	{
		return B < A ? B : A;
	}
	template <typename T>
	static constexpr T Clamp(T X, T Low, T High)
	{
		return X < Low ? Low : (High < X ? High : X);
	}
	template <typename T>
	static T Abs(T X)
	{
		return X < T(0) ? -X : X;
	}
	static float Sqrt(float X) { return std::sqrt(X); }
	static float FloorToFloat(float X) { return std::floor(X); }
	static int32 CeilToInt32(double X) { return static_cast<int32>(std::ceil(X)); }
	static int32 CeilToInt(double X) { return CeilToInt32(X); }
	static bool IsFinite(float X) { return std::isfinite(X); }
	static bool IsFinite(double X) { return std::isfinite(X); }
	template <typename T>
	static T Lerp(T A, T B, T Alpha)
	{
		return A + Alpha * (B - A);
	}
};

uint32 HashCombine(uint32 A, uint32 B);
inline uint32 GetTypeHash(int32 Value)
{
	return static_cast<uint32>(Value);
}
inline uint32 GetTypeHash(uint64 Value)
{
	return static_cast<uint32>(Value ^ (Value >> 32));
}

bool IsInGameThread();
