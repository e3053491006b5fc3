// Declared only: Slate's declarative syntax. What is bound is checked for its signature; nothing can run. [P]
#pragma once

#include "CoreMinimal.h"

namespace Shim
{
	// Whether a delegate of this signature can call a method with these further arguments.
	template <typename D>
	struct TCanCall;
	template <typename R, typename... A>
	struct TCanCall<TDelegate<R(A...)>>
	{
		template <typename F, typename... Before>
		static constexpr bool Function = std::is_invocable_r_v<R, F, Before..., A...>;
		template <typename M, typename T, typename... More>
		static constexpr bool Method = std::is_invocable_r_v<R, M, T*, A..., More...>;
	};
}

// [P] A value, or what computes it.
template <typename T>
class TAttribute
{
public:
	TAttribute();
	TAttribute(const T& Value);
};

// [P] What every widget's arguments have.
template <typename Widget>
struct TSlateBaseNamedArgs;

#define SLATE_PRIVATE_VALUES(Type, Name, Result) \
	Result& Name(const TAttribute<Type>& Value); \
	template <typename F> \
	Result& Name##_Lambda(F) \
	{ \
		static_assert(std::is_invocable_r_v<Type, F>, #Name "_Lambda: wrong signature"); \
		return static_cast<Result&>(*this); \
	} \
	template <typename T, typename M> \
	Result& Name(const T*, M) \
	{ \
		static_assert(std::is_invocable_r_v<Type, M, const T*>, #Name ": wrong signature"); \
		return static_cast<Result&>(*this); \
	}
#define SLATE_ATTRIBUTE(Type, Name) \
	TAttribute<Type> _##Name; \
	SLATE_PRIVATE_VALUES(Type, Name, WidgetArgsType)
#define SLATE_ARGUMENT(Type, Name) \
	Type _##Name{}; \
	WidgetArgsType& Name(Type Value);
#define SLATE_EVENT(Delegate, Name) \
	Delegate _##Name; \
	template <typename T, typename M, typename... V> \
	WidgetArgsType& Name(T*, M, V...) \
	{ \
		static_assert(Shim::TCanCall<Delegate>::template Method<M, T, V...>, #Name ": wrong signature"); \
		return *this; \
	} \
	template <typename T, typename M, typename... V> \
	WidgetArgsType& Name##_Raw(T* Object, M Method, V... More) \
	{ \
		return Name(Object, Method, More...); \
	} \
	template <typename F> \
	WidgetArgsType& Name##_Lambda(F) \
	{ \
		static_assert(Shim::TCanCall<Delegate>::template Function<F>, #Name "_Lambda: wrong signature"); \
		return *this; \
	} \
	template <typename F> \
	WidgetArgsType& Name##_Static(F Function) \
	{ \
		return Name##_Lambda(Function); \
	}
#define SLATE_DEFAULT_SLOT() WidgetArgsType& operator[](const TSharedRef<SWidget>& Content);
#define SLATE_SLOT_ARGUMENT(Slot) \
	WidgetArgsType& operator+(typename Slot::FSlotArguments& Given); \
	WidgetArgsType& operator+(typename Slot::FSlotArguments&& Given);
#define SLATE_BEGIN_ARGS(Widget) \
	struct FArguments : public TSlateBaseNamedArgs<Widget> \
	{ \
		using WidgetArgsType = FArguments; \
		using WidgetType = Widget; \
		FArguments()
#define SLATE_END_ARGS() };

// [P] Every widget is one.
class SWidget : public TSharedFromThis<SWidget>
{
public:
	virtual ~SWidget();
};

template <typename Widget>
struct TSlateBaseNamedArgs
{
	using Derived = typename Widget::FArguments;
	SLATE_PRIVATE_VALUES(bool, IsEnabled, Derived)
	SLATE_PRIVATE_VALUES(FText, ToolTipText, Derived)
};

namespace Shim
{
	// [P] SNew: makes the widget, then constructs it with what follows.
	template <typename Widget, typename... Required>
	struct TDecl
	{
		TSharedRef<Widget> operator<<=(const typename Widget::FArguments& Arguments) const;
		template <typename Pointer>
		TDecl Expose(Pointer& Out)
		{
			static_assert(std::is_assignable_v<Pointer&, TSharedRef<Widget>>, "SAssignNew: wrong pointer");
			(void)Out;
			return *this;
		}
		static_assert(sizeof(std::declval<Widget&>().Construct(
						  std::declval<const typename Widget::FArguments&>(), std::declval<Required>()...), 0) != 0);
	};
	template <typename Widget, typename... Required>
	TDecl<Widget, Required...> MakeDecl(Required&&...);
}
#define SNew(Widget, ...) Shim::MakeDecl<Widget>(__VA_ARGS__) <<= Widget::FArguments()
#define SAssignNew(Pointer, Widget, ...) Shim::MakeDecl<Widget>(__VA_ARGS__).Expose(Pointer) <<= Widget::FArguments()

// [P]
enum EVerticalAlignment { VAlign_Fill, VAlign_Top, VAlign_Center, VAlign_Bottom };
enum class ECheckBoxState : uint8 { Unchecked, Checked, Undetermined };
namespace ESelectInfo
{
	enum Type { OnKeyPress, OnNavigation, OnMouseClick, Direct };
}
namespace ETextCommit
{
	enum Type { Default, OnEnter, OnUserMovedFocus, OnCleared };
}
namespace ESelectionMode
{
	enum Type { None, Single, SingleToggle, Multi };
}
// [P]
class FReply
{
public:
	static FReply Handled();
	static FReply Unhandled();
};
DECLARE_DELEGATE_RetVal(FReply, FOnClicked);
DECLARE_DELEGATE_TwoParams(FOnTextCommitted, const FText&, ETextCommit::Type);
DECLARE_DELEGATE_OneParam(FOnCheckStateChanged, ECheckBoxState);
