// Declared only: SCheckBox. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class SCheckBox : public SWidget
{
public:
	SLATE_BEGIN_ARGS(SCheckBox) {}
		SLATE_DEFAULT_SLOT()
		SLATE_ATTRIBUTE(ECheckBoxState, IsChecked)
		SLATE_EVENT(FOnCheckStateChanged, OnCheckStateChanged)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
