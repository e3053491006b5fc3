// Declared only: SListView. [P]
#pragma once

#include "Widgets/Views/STableRow.h"

// [P]
template <typename ItemType>
class SListView : public STableViewBase
{
public:
	using FOnGenerateRow = TDelegate<TSharedRef<ITableRow>(ItemType, const TSharedRef<STableViewBase>&)>;
	DECLARE_DELEGATE_TwoParams(FOnSelectionChanged, ItemType, ESelectInfo::Type);
	SLATE_BEGIN_ARGS(SListView<ItemType>) {}
		SLATE_ARGUMENT(const TArray<ItemType>*, ListItemsSource)
		SLATE_ATTRIBUTE(ESelectionMode::Type, SelectionMode)
		SLATE_EVENT(FOnGenerateRow, OnGenerateRow)
		SLATE_EVENT(FOnSelectionChanged, OnSelectionChanged)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
	void RequestListRefresh();
};
