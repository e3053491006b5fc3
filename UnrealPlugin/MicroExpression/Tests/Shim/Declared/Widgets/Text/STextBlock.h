// Declared only: STextBlock. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class STextBlock : public SWidget
{
public:
	SLATE_BEGIN_ARGS(STextBlock) {}
		SLATE_ATTRIBUTE(FText, Text)
		SLATE_ATTRIBUTE(bool, AutoWrapText)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
