// Declared only: SCompoundWidget. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class SCompoundWidget : public SWidget
{
protected:
	struct FCompoundWidgetOneChildSlot
	{
		FCompoundWidgetOneChildSlot& operator[](const TSharedRef<SWidget>& Widget);
	};
	FCompoundWidgetOneChildSlot ChildSlot;
};
