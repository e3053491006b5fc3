// Shim: the only way to change an AnimSequence. [E], order of calls [P]
#pragma once

#include "Animation/AnimData/IAnimationDataModel.h"
#include "Internationalization/Text.h"

// [E] Only what is used. Calls out of the order of reference unreal_api.md, section 3, are violations.
class IAnimationDataController
{
public:
	virtual ~IAnimationDataController() = default;
	virtual void OpenBracket(const FText& InTitle, bool bShouldTransact = true) = 0;
	virtual void CloseBracket(bool bShouldTransact = true) = 0;
	virtual void InitializeModel() = 0;
	virtual void SetFrameRate(FFrameRate FrameRate, bool bShouldTransact = true) = 0;
	virtual void SetNumberOfFrames(FFrameNumber Length, bool bShouldTransact = true) = 0;
	virtual bool AddCurve(
		const FAnimationCurveIdentifier& CurveId, int32 CurveFlags = AACF_Editable, bool bShouldTransact = true) = 0;
	virtual bool SetCurveKeys(const FAnimationCurveIdentifier& CurveId, const TArray<FRichCurveKey>& CurveKeys,
		bool bShouldTransact = true) = 0;
	// [E] Blueprint page of the same name; [P] used so by public plugins.
	virtual void RemoveAllCurvesOfType(ERawCurveTrackTypes SupportedCurveType, bool bShouldTransact = true) = 0;
	virtual void NotifyPopulated() = 0;

	// [E]
	struct FScopedBracket
	{
		FScopedBracket(IAnimationDataController& InController, const FText& InTitle, bool bInShouldTransact = true)
			: Controller(InController), bShouldTransact(bInShouldTransact)
		{
			Controller.OpenBracket(InTitle, bShouldTransact);
		}
		~FScopedBracket() { Controller.CloseBracket(bShouldTransact); }
		FScopedBracket(const FScopedBracket&) = delete;

	private:
		IAnimationDataController& Controller;
		bool bShouldTransact;
	};
};
