// Declared only: SSpinBox. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
template <typename NumericType>
class SSpinBox : public SWidget
{
public:
	DECLARE_DELEGATE_OneParam(FOnValueChanged, NumericType);
	SLATE_BEGIN_ARGS(SSpinBox<NumericType>) {}
		SLATE_ATTRIBUTE(NumericType, Value)
		SLATE_ATTRIBUTE(NumericType, MinValue)
		SLATE_ATTRIBUTE(NumericType, MaxValue)
		SLATE_EVENT(FOnValueChanged, OnValueChanged)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
