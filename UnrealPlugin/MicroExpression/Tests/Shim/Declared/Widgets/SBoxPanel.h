// Declared only: SHorizontalBox, SVerticalBox. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
class SHorizontalBox : public SWidget
{
public:
	struct FSlot
	{
		struct FSlotArguments
		{
			FSlotArguments& AutoWidth();
			FSlotArguments& FillWidth(float Share);
			FSlotArguments& Padding(float Uniform);
			FSlotArguments& VAlign(EVerticalAlignment Alignment);
			FSlotArguments& operator[](const TSharedRef<SWidget>& Widget);
		};
	};
	SLATE_BEGIN_ARGS(SHorizontalBox) {}
		SLATE_SLOT_ARGUMENT(FSlot)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
	static FSlot::FSlotArguments Slot();
};
// [P]
class SVerticalBox : public SWidget
{
public:
	struct FSlot
	{
		struct FSlotArguments
		{
			FSlotArguments& AutoHeight();
			FSlotArguments& FillHeight(float Share);
			FSlotArguments& Padding(float Uniform);
			FSlotArguments& operator[](const TSharedRef<SWidget>& Widget);
		};
	};
	SLATE_BEGIN_ARGS(SVerticalBox) {}
		SLATE_SLOT_ARGUMENT(FSlot)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
	static FSlot::FSlotArguments Slot();
};
