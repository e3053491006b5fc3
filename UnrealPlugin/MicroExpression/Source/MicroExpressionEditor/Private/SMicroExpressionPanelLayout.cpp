// The panel's layout: which widget is where and what it is bound to. Laid out by hand, as Slate's declarations are.
#include "SMicroExpressionPanel.h"

#include "Animation/Skeleton.h"
#include "PropertyCustomizationHelpers.h"
#include "Widgets/Input/SButton.h"
#include "Widgets/Input/SCheckBox.h"
#include "Widgets/Input/SEditableTextBox.h"
#include "Widgets/Input/SSpinBox.h"
#include "Widgets/SBoxPanel.h"
#include "Widgets/Text/STextBlock.h"

#define LOCTEXT_NAMESPACE "MicroExpressionPanel"

// clang-format off
namespace
{
	constexpr float PanelGap = 4.0f;
	// Beyond this a micro-expression is none any more; the rig clamps what is too much.
	constexpr float LargestPanelGain = 4.0f;

	TSharedRef<SWidget> LabelledRow(const FText& Label, const TSharedRef<SWidget>& Widget)
	{
		return SNew(SHorizontalBox)
			+ SHorizontalBox::Slot().FillWidth(0.3f).VAlign(VAlign_Center).Padding(PanelGap)[SNew(STextBlock).Text(Label)]
			+ SHorizontalBox::Slot().FillWidth(0.7f).Padding(PanelGap)[Widget];
	}
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeServer()
{
	const FText Tip = FText::Format(
		LOCTEXT("AddressTip", "HOST:PORT of microexpr serve. TLS: see Editor Preferences. Token: MICROEXPR_TOKEN or {0}"),
		FText::FromString(GetDefault<UMicroExpressionSettings>()->GetTokenPath()));
	const TSharedRef<SWidget> Address =
		SNew(SEditableTextBox)
		.ToolTipText(Tip)
		.Text_Lambda([] { return FText::FromString(GetDefault<UMicroExpressionSettings>()->Address); })
		.IsEnabled_Lambda([this] { return !Session->IsStarted(); })
		.OnTextCommitted(this, &SMicroExpressionPanel::HandleAddress);
	const TSharedRef<SWidget> Button =
		SNew(SButton)
		.Text_Lambda([this] {
			return Session->IsStarted() ? LOCTEXT("Disconnect", "Disconnect") : LOCTEXT("Connect", "Connect");
		})
		.OnClicked(this, &SMicroExpressionPanel::HandleConnect);
	return SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()
		[
			SNew(SHorizontalBox)
			+ SHorizontalBox::Slot().FillWidth(1.0f).Padding(PanelGap)[Address]
			+ SHorizontalBox::Slot().AutoWidth().Padding(PanelGap)[Button]
		]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)
		[
			SNew(STextBlock).AutoWrapText(true).Text(this, &SMicroExpressionPanel::GetConnectionText)
		];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeTakes()
{
	return SNew(SVerticalBox)
		+ SVerticalBox::Slot().FillHeight(1.0f).Padding(PanelGap)
		[
			SAssignNew(TakeList, SListView<FItem>)
			.ListItemsSource(&Session->GetItems())
			.SelectionMode(ESelectionMode::Single)
			.OnGenerateRow(this, &SMicroExpressionPanel::MakeRow)
			.OnSelectionChanged(this, &SMicroExpressionPanel::HandleSelected)
		]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)
		[
			SNew(STextBlock).AutoWrapText(true).Text(this, &SMicroExpressionPanel::GetEventsText)
		];
}

TSharedRef<ITableRow> SMicroExpressionPanel::MakeRow(FItem Item, const TSharedRef<STableViewBase>& Table)
{
	// Bound, not copied: a take that is pushed again changes in place.
	return SNew(STableRow<FItem>, Table)
		[SNew(STextBlock).Text_Lambda([Item] { return FMicroExpressionSession::TakeText(*Item); })];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeChoice(FChoice Choice)
{
	const FText Text = Choice->IsEmpty() ? LOCTEXT("None", "(as converted)") : FText::FromString(*Choice);
	return SNew(STextBlock).Text(Text);
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeNumber(TOptional<double> FMicroExpressionMapping::*Field, float Largest)
{
	// While it is dragged too: the session asks for one take at a time, and then for the latest wish.
	return SNew(SSpinBox<float>)
		.MinValue(0.0f)
		.MaxValue(Largest)
		.IsEnabled(this, &SMicroExpressionPanel::CanMap)
		.Value_Lambda([this, Field] { return static_cast<float>((Session->GetMapping().*Field).Get(1.0)); })
		.OnValueChanged_Lambda([this, Field](float Value) {
			FMicroExpressionMapping Mapping = Session->GetMapping();
			Mapping.*Field = static_cast<double>(Value);
			Session->SetMapping(Mapping);
		});
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeMapping()
{
	const auto Shown = [](const FString& Name) {
		return Name.IsEmpty() ? LOCTEXT("None", "(as converted)") : FText::FromString(Name);
	};
	const TSharedRef<SWidget> Rig =
		SAssignNew(RigBox, SComboBox<FChoice>)
		.OptionsSource(&Rigs)
		.OnGenerateWidget(this, &SMicroExpressionPanel::MakeChoice)
		.OnSelectionChanged(this, &SMicroExpressionPanel::HandleRig)
		[SNew(STextBlock).Text_Lambda([this, Shown] { return Shown(Session->GetMapping().Rig); })];
	const TSharedRef<SWidget> Emotion =
		SAssignNew(EmotionBox, SComboBox<FChoice>)
		.OptionsSource(&Emotions)
		.IsEnabled(this, &SMicroExpressionPanel::CanMap)
		.OnGenerateWidget(this, &SMicroExpressionPanel::MakeChoice)
		.OnSelectionChanged(this, &SMicroExpressionPanel::HandleEmotion)
		[SNew(STextBlock).Text_Lambda([this, Shown] { return Shown(Session->GetMapping().Emotion); })];
	const TSharedRef<SWidget> Intensity = MakeNumber(&FMicroExpressionMapping::Intensity, 1.0f);
	const TSharedRef<SWidget> Gain = MakeNumber(&FMicroExpressionMapping::Gain, LargestPanelGain);
	return SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Rig", "Rig"), Rig)]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Emotion", "Emotion"), Emotion)]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Intensity", "Intensity"), Intensity)]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Gain", "Gain"), Gain)]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)
		[SNew(STextBlock).Text_Lambda([this] { return Session->GetCurvesText(); })];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeTarget(
	EMicroExpressionTarget Target, const FText& Label, const FText& Tip)
{
	return SNew(SCheckBox)
		.ToolTipText(Tip)
		.IsChecked_Lambda([this, Target] {
			return EnumHasAnyFlags(Targets, Target) ? ECheckBoxState::Checked : ECheckBoxState::Unchecked;
		})
		.OnCheckStateChanged(this, &SMicroExpressionPanel::HandleTarget, Target)
		[SNew(STextBlock).Text(Label)];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeSkeleton()
{
	return SNew(SObjectPropertyEntryBox)
		.AllowedClass(USkeleton::StaticClass())
		.AllowClear(true)
		.ObjectPath(this, &SMicroExpressionPanel::GetSkeletonPath)
		.OnObjectChanged(this, &SMicroExpressionPanel::HandleSkeleton);
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeTargets()
{
	return SNew(SHorizontalBox)
		+ SHorizontalBox::Slot().AutoWidth().Padding(PanelGap)
		[MakeTarget(EMicroExpressionTarget::CurveTable, LOCTEXT("CurveTable", "Curve table"),
			LOCTEXT("CurveTableTip", "One asset, a row a control."))]
		+ SHorizontalBox::Slot().AutoWidth().Padding(PanelGap)
		[MakeTarget(EMicroExpressionTarget::CurveFloat, LOCTEXT("CurveFloat", "Curves"),
			LOCTEXT("CurveFloatTip", "One curve asset a control."))]
		+ SHorizontalBox::Slot().AutoWidth().Padding(PanelGap)
		[MakeTarget(EMicroExpressionTarget::AnimSequence, LOCTEXT("Anim", "Animation"),
			LOCTEXT("AnimTip", "One animation with a curve a control; choose the skeleton."))]
		+ SHorizontalBox::Slot().AutoWidth().Padding(PanelGap)
		[MakeTarget(EMicroExpressionTarget::DataTable, LOCTEXT("DataTable", "AU dictionary"),
			LOCTEXT("DataTableTip", "A data table, a row a key."))];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakePreview()
{
	return SNew(SCheckBox)
		.ToolTipText(LOCTEXT("PreviewTip", "Shows each subject that a program publishes to the bridge as a Live Link subject."))
		.IsChecked_Lambda([this] {
			const bool bOn = OnHasLivePreview.IsBound() && OnHasLivePreview.Execute();
			return bOn ? ECheckBoxState::Checked : ECheckBoxState::Unchecked;
		})
		.OnCheckStateChanged(this, &SMicroExpressionPanel::HandleLivePreview)
		[SNew(STextBlock).Text(LOCTEXT("Preview", "Live preview through Live Link"))];
}

TSharedRef<SWidget> SMicroExpressionPanel::MakeImport()
{
	const TSharedRef<SWidget> Folder =
		SNew(SEditableTextBox)
		.Text_Lambda([] { return FText::FromString(GetDefault<UMicroExpressionSettings>()->TargetFolder); })
		.OnTextCommitted(this, &SMicroExpressionPanel::HandleFolder);
	const TSharedRef<SWidget> Button =
		SNew(SButton).Text(LOCTEXT("Import", "Import")).OnClicked(this, &SMicroExpressionPanel::HandleImport);
	return SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()[MakeTargets()]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Skeleton", "Skeleton"), MakeSkeleton())]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Folder", "Folder"), Folder)]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)[Button]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)[MakePreview()]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)
		[
			SNew(STextBlock).AutoWrapText(true).Text_Lambda([this] {
				return Notice.IsEmpty() ? Session->GetMessage() : Notice;
			})
		];
}

// clang-format on

#undef LOCTEXT_NAMESPACE
