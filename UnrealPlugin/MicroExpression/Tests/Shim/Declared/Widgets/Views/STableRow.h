// Declared only: STableRow. [P]
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

class STableViewBase : public SWidget
{
};
// [P]
class ITableRow
{
public:
	virtual ~ITableRow();
};
// [P]
template <typename ItemType>
class STableRow
	: public ITableRow
	, public SWidget
{
public:
	SLATE_BEGIN_ARGS(STableRow<ItemType>) {}
		SLATE_DEFAULT_SLOT()
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments, const TSharedRef<STableViewBase>& Table);
};
