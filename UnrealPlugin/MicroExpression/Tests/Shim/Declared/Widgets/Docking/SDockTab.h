// Declared only: SDockTab. [E] RequestCloseTab [P].
#pragma once

#include "Widgets/DeclarativeSyntaxSupport.h"

// [E]
enum ETabRole { MajorTab, PanelTab, NomadTab, DocumentTab };
// [E]
class SDockTab : public SWidget
{
public:
	SLATE_BEGIN_ARGS(SDockTab) {}
		SLATE_DEFAULT_SLOT()
		SLATE_ARGUMENT(ETabRole, TabRole)
	SLATE_END_ARGS()
	void Construct(const FArguments& Arguments);
	bool RequestCloseTab();
};
