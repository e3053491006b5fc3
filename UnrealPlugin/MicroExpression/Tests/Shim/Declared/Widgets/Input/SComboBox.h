// Declared only: SComboBox. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [P]
template <typename OptionType>
class SComboBox : public SWidget
{
public:
	DECLARE_DELEGATE_RetVal_OneParam(TSharedRef<SWidget>, FOnGenerateWidget, OptionType);
	DECLARE_DELEGATE_TwoParams(FOnSelectionChanged, OptionType, ESelectInfo::Type);
	SLATE_BEGIN_ARGS(SComboBox<OptionType>) {}
		SLATE_DEFAULT_SLOT()
		SLATE_ARGUMENT(const TArray<OptionType>*, OptionsSource)
		SLATE_EVENT(FOnGenerateWidget, OnGenerateWidget)
		SLATE_EVENT(FOnSelectionChanged, OnSelectionChanged)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
	void RefreshOptions();
};
