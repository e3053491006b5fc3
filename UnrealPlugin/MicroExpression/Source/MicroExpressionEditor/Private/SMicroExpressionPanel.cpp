#include "SMicroExpressionPanel.h"

#include "Animation/Skeleton.h"
#include "AssetRegistry/AssetData.h"
#include "Misc/MessageDialog.h"
#include "PropertyCustomizationHelpers.h"
#include "Widgets/Input/SButton.h"
#include "Widgets/Input/SCheckBox.h"
#include "Widgets/Input/SEditableTextBox.h"
#include "Widgets/Input/SSpinBox.h"
#include "Widgets/SBoxPanel.h"
#include "Widgets/Text/STextBlock.h"
#include "Widgets/Views/STableRow.h"

#define LOCTEXT_NAMESPACE "MicroExpressionPanel"

// Slate's declarations are laid out by hand.
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

	// Choices in the order of the server, after one that means "none"; the objects that are there already are kept.
	void RenewChoices(TArray<TSharedPtr<FString>>& Choices, const TArray<FString>& Names)
	{
		bool bSame = Choices.Num() == Names.Num() + 1;
		for (int32 Index = 0; bSame && Index < Names.Num(); ++Index)
		{
			bSame = *Choices[Index + 1] == Names[Index];
		}
		if (bSame)
		{
			return;
		}
		Choices.Empty();
		Choices.Add(MakeShared<FString>());
		for (const FString& Name : Names)
		{
			Choices.Add(MakeShared<FString>(Name));
		}
	}

	bool ConfirmReplacing(const TArray<FString>& Existing)
	{
		const FText Question = FText::Format(
			LOCTEXT("Replace", "{0} assets are there already and would be replaced:\n{1}\n\nReplace them?"),
			Existing.Num(), FText::FromString(FString::Join(Existing, TEXT("\n"))));
		return FMessageDialog::Open(EAppMsgType::YesNo, Question) == EAppReturnType::Yes;
	}

	void SavePanelSettings()
	{
		GetMutableDefault<UMicroExpressionSettings>()->SaveConfig();
	}
}

void SMicroExpressionPanel::Construct(const FArguments& InArgs, TSharedPtr<FMicroExpressionSession> InSession)
{
	Session = InSession;
	OnConnectionSettings = InArgs._OnConnectionSettings;
	OnSetLivePreview = InArgs._OnSetLivePreview;
	OnHasLivePreview = InArgs._OnHasLivePreview;
	if (!Session.IsValid())
	{
		ChildSlot[SNew(STextBlock).AutoWrapText(true).Text(InArgs._Problem)];
		return;
	}
	FMicroExpressionMapping Mapping = Session->GetMapping();
	Mapping.Rig = GetDefault<UMicroExpressionSettings>()->Rig;
	Session->SetMapping(Mapping);
	RenewChoices(Rigs, TArray<FString>());
	RenewChoices(Emotions, TArray<FString>());
	ChildSlot
	[
		SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()[MakeServer()]
		+ SVerticalBox::Slot().FillHeight(1.0f)[MakeTakes()]
		+ SVerticalBox::Slot().AutoHeight()[MakeMapping()]
		+ SVerticalBox::Slot().AutoHeight()[MakeImport()]
	];
	Session->OnChanged.AddRaw(this, &SMicroExpressionPanel::HandleChanged);
	HandleChanged();
}

SMicroExpressionPanel::~SMicroExpressionPanel()
{
	if (Session.IsValid())
	{
		Session->OnChanged.RemoveAll(this);
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

TSharedRef<SWidget> SMicroExpressionPanel::MakeImport()
{
	const TSharedRef<SWidget> Kinds =
		SNew(SHorizontalBox)
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
	const TSharedRef<SWidget> Folder =
		SNew(SEditableTextBox)
		.Text_Lambda([] { return FText::FromString(GetDefault<UMicroExpressionSettings>()->TargetFolder); })
		.OnTextCommitted(this, &SMicroExpressionPanel::HandleFolder);
	const TSharedRef<SWidget> Preview =
		SNew(SCheckBox)
		.ToolTipText(LOCTEXT("PreviewTip", "Shows faces that are being analysed as Live Link subjects."))
		.IsChecked_Lambda([this] {
			const bool bOn = OnHasLivePreview.IsBound() && OnHasLivePreview.Execute();
			return bOn ? ECheckBoxState::Checked : ECheckBoxState::Unchecked;
		})
		.OnCheckStateChanged(this, &SMicroExpressionPanel::HandleLivePreview)
		[SNew(STextBlock).Text(LOCTEXT("Preview", "Live preview through Live Link"))];
	const TSharedRef<SWidget> Button =
		SNew(SButton).Text(LOCTEXT("Import", "Import")).OnClicked(this, &SMicroExpressionPanel::HandleImport);
	return SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()[Kinds]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Skeleton", "Skeleton"), MakeSkeleton())]
		+ SVerticalBox::Slot().AutoHeight()[LabelledRow(LOCTEXT("Folder", "Folder"), Folder)]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)[Button]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)[Preview]
		+ SVerticalBox::Slot().AutoHeight().Padding(PanelGap)
		[
			SNew(STextBlock).AutoWrapText(true).Text_Lambda([this] {
				return Notice.IsEmpty() ? Session->GetMessage() : Notice;
			})
		];
}

// clang-format on

void SMicroExpressionPanel::HandleChanged()
{
	if (const FMicroExpressionServerInfo* Info = Session->GetReceiver().GetServerInfo())
	{
		RenewChoices(Rigs, Info->Rigs);
		RenewChoices(Emotions, Info->Emotions);
		RigBox->RefreshOptions();
		EmotionBox->RefreshOptions();
	}
	TakeList->RequestListRefresh();
}

FReply SMicroExpressionPanel::HandleConnect()
{
	Notice = FText();
	if (Session->IsStarted())
	{
		Session->Disconnect();
	}
	else if (OnConnectionSettings.IsBound())
	{
		Session->Connect(OnConnectionSettings.Execute());
	}
	return FReply::Handled();
}

FReply SMicroExpressionPanel::HandleImport()
{
	Notice = FText();
	const UMicroExpressionSettings* Settings = GetDefault<UMicroExpressionSettings>();
	FMicroExpressionImportOptions Options;
	Options.Folder = Settings->TargetFolder;
	Options.Targets = Targets;
	Options.Skeleton = Skeleton.Get();
	Session->Import(Options, Settings->Overwrite, &ConfirmReplacing);
	return FReply::Handled();
}

void SMicroExpressionPanel::HandleAddress(const FText& Text, ETextCommit::Type /*Commit*/)
{
	GetMutableDefault<UMicroExpressionSettings>()->Address = Text.ToString().TrimStartAndEnd();
	SavePanelSettings();
}

void SMicroExpressionPanel::HandleFolder(const FText& Text, ETextCommit::Type /*Commit*/)
{
	GetMutableDefault<UMicroExpressionSettings>()->TargetFolder = Text.ToString().TrimStartAndEnd();
	SavePanelSettings();
}

void SMicroExpressionPanel::HandleSelected(FItem Item, ESelectInfo::Type /*Info*/)
{
	Session->Select(Item.IsValid() ? Item->TakeId : FString());
}

void SMicroExpressionPanel::HandleRig(FChoice Choice, ESelectInfo::Type /*Info*/)
{
	if (Choice.IsValid())
	{
		FMicroExpressionMapping Mapping = Session->GetMapping();
		Mapping.Rig = *Choice;
		Session->SetMapping(Mapping);
		GetMutableDefault<UMicroExpressionSettings>()->Rig = *Choice;
		SavePanelSettings();
	}
}

void SMicroExpressionPanel::HandleEmotion(FChoice Choice, ESelectInfo::Type /*Info*/)
{
	if (Choice.IsValid())
	{
		FMicroExpressionMapping Mapping = Session->GetMapping();
		Mapping.Emotion = *Choice;
		Session->SetMapping(Mapping);
	}
}

void SMicroExpressionPanel::HandleTarget(ECheckBoxState State, EMicroExpressionTarget Target)
{
	Targets = State == ECheckBoxState::Checked ? Targets | Target : Targets & ~Target;
}

void SMicroExpressionPanel::HandleLivePreview(ECheckBoxState State)
{
	Notice = FText();
	if (OnSetLivePreview.IsBound())
	{
		Notice = OnSetLivePreview.Execute(State == ECheckBoxState::Checked);
	}
}

void SMicroExpressionPanel::HandleSkeleton(const FAssetData& Asset)
{
	Skeleton = Cast<USkeleton>(Asset.GetAsset());
}

FString SMicroExpressionPanel::GetSkeletonPath() const
{
	return Skeleton.IsValid() ? Skeleton->GetPathName() : FString();
}

FText SMicroExpressionPanel::GetConnectionText() const
{
	return Session->GetReceiver().GetConnectionText();
}

FText SMicroExpressionPanel::GetEventsText() const
{
	const FMicroExpressionTakeSummary* Take = Session->GetSelected();
	if (Take == nullptr)
	{
		return Session->GetItems().Num() > 0
			? LOCTEXT("Choose", "Choose a take.")
			: LOCTEXT("NoTakes", "No takes yet: microexpr convert VIDEO --push sends one.");
	}
	TArray<FString> Lines;
	for (const FMicroExpressionEvent& Event : Take->Events)
	{
		Lines.Add(FMicroExpressionSession::EventText(Event).ToString());
	}
	return FText::FromString(FString::Join(Lines, TEXT("\n")));
}

bool SMicroExpressionPanel::CanMap() const
{
	return !Session->GetMapping().Rig.IsEmpty();
}

#undef LOCTEXT_NAMESPACE
