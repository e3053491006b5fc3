// Declared only: SObjectPropertyEntryBox. [P]
#pragma once

#include "UObject/Object.h"
#include "Widgets/DeclarativeSyntaxSupport.h"

struct FAssetData;
DECLARE_DELEGATE_OneParam(FOnSetObject, const FAssetData&);
// [P]
class SObjectPropertyEntryBox : public SWidget
{
public:
	SLATE_BEGIN_ARGS(SObjectPropertyEntryBox) {}
		SLATE_ARGUMENT(UClass*, AllowedClass)
		SLATE_ARGUMENT(bool, AllowClear)
		SLATE_ATTRIBUTE(FString, ObjectPath)
		SLATE_EVENT(FOnSetObject, OnObjectChanged)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
};
