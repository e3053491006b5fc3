// Declared only: SButton. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class SButton : public SWidget
{
public:
	SLATE_BEGIN_ARGS(SButton) {}
		SLATE_ATTRIBUTE(FText, Text)
		SLATE_EVENT(FOnClicked, OnClicked)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
