// Declared only: SEditableTextBox. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class SEditableTextBox : public SWidget
{
public:
	SLATE_BEGIN_ARGS(SEditableTextBox) {}
		SLATE_ATTRIBUTE(FText, Text)
		SLATE_EVENT(FOnTextCommitted, OnTextCommitted)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
