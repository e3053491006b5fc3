// The tab: server, takes, rig and sliders, import. What happens is FMicroExpressionSession's; here it is only shown.
#pragma once

#include "MicroExpressionSession.h"
#include "UObject/WeakObjectPtr.h"
#include "Widgets/DeclarativeSyntaxSupport.h"
#include "Widgets/Input/SComboBox.h"
#include "Widgets/SCompoundWidget.h"
#include "Widgets/Views/SListView.h"
#include "Widgets/Views/STableRow.h"

class ITableRow;
class STableViewBase;
class USkeleton;
struct FAssetData;

DECLARE_DELEGATE_RetVal(FMicroExpressionConnectionSettings, FMicroExpressionGetSettings);
/** Returns what went wrong, or nothing. */
DECLARE_DELEGATE_RetVal_OneParam(FText, FMicroExpressionSetLivePreview, bool /*bOn*/);
DECLARE_DELEGATE_RetVal(bool, FMicroExpressionHasLivePreview);

/** Not run in an editor. */
class SMicroExpressionPanel : public SCompoundWidget
{
public:
	// clang-format off
	SLATE_BEGIN_ARGS(SMicroExpressionPanel) {}
		/** Why there is no session; shown in place of everything else. */
		SLATE_ARGUMENT(FText, Problem)
		SLATE_EVENT(FMicroExpressionGetSettings, OnConnectionSettings)
		SLATE_EVENT(FMicroExpressionSetLivePreview, OnSetLivePreview)
		SLATE_EVENT(FMicroExpressionHasLivePreview, OnHasLivePreview)
	SLATE_END_ARGS()
	// clang-format on

	void Construct(const FArguments& InArgs, TSharedPtr<FMicroExpressionSession> InSession);
	virtual ~SMicroExpressionPanel() override;

private:
	using FItem = FMicroExpressionSession::FItem;
	using FChoice = TSharedPtr<FString>;

	TSharedRef<SWidget> MakeServer();
	TSharedRef<SWidget> MakeTakes();
	TSharedRef<SWidget> MakeMapping();
	TSharedRef<SWidget> MakeImport();
	TSharedRef<SWidget> MakeTargets();
	TSharedRef<SWidget> MakePreview();
	TSharedRef<SWidget> MakeTarget(EMicroExpressionTarget Target, const FText& Label, const FText& Tip);
	TSharedRef<SWidget> MakeSkeleton();
	TSharedRef<SWidget> MakeNumber(TOptional<double> FMicroExpressionMapping::*Field, float Largest);
	TSharedRef<SWidget> MakeChoice(FChoice Choice);
	TSharedRef<ITableRow> MakeRow(FItem Item, const TSharedRef<STableViewBase>& Table);

	void HandleChanged();
	FReply HandleConnect();
	FReply HandleImport();
	void HandleAddress(const FText& Text, ETextCommit::Type Commit);
	void HandleFolder(const FText& Text, ETextCommit::Type Commit);
	void HandleSelected(FItem Item, ESelectInfo::Type Info);
	void HandleRig(FChoice Choice, ESelectInfo::Type Info);
	void HandleEmotion(FChoice Choice, ESelectInfo::Type Info);
	void HandleTarget(ECheckBoxState State, EMicroExpressionTarget Target);
	void HandleLivePreview(ECheckBoxState State);
	void HandleSkeleton(const FAssetData& Asset);

	FText GetConnectionText() const;
	FText GetEventsText() const;
	FString GetSkeletonPath() const;
	bool CanMap() const;

	TSharedPtr<FMicroExpressionSession> Session;
	FMicroExpressionGetSettings OnConnectionSettings;
	FMicroExpressionSetLivePreview OnSetLivePreview;
	FMicroExpressionHasLivePreview OnHasLivePreview;
	TSharedPtr<SListView<FItem>> TakeList;
	TSharedPtr<SComboBox<FChoice>> RigBox;
	TSharedPtr<SComboBox<FChoice>> EmotionBox;
	TArray<FChoice> Rigs;
	TArray<FChoice> Emotions;
	/** Of the panel's own, such as Live Link's; the session's is shown otherwise. */
	FText Notice;
	EMicroExpressionTarget Targets = EMicroExpressionTarget::CurveTable;
	TWeakObjectPtr<USkeleton> Skeleton;
};
