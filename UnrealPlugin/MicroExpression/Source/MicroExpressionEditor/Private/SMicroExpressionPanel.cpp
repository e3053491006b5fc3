#include "SMicroExpressionPanel.h"

#include "Animation/Skeleton.h"
#include "AssetRegistry/AssetData.h"
#include "Misc/MessageDialog.h"
#include "Widgets/SBoxPanel.h"
#include "Widgets/Text/STextBlock.h"

#define LOCTEXT_NAMESPACE "MicroExpressionPanel"

namespace
{
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
	// clang-format off
	ChildSlot
	[
		SNew(SVerticalBox)
		+ SVerticalBox::Slot().AutoHeight()[MakeServer()]
		+ SVerticalBox::Slot().FillHeight(1.0f)[MakeTakes()]
		+ SVerticalBox::Slot().AutoHeight()[MakeMapping()]
		+ SVerticalBox::Slot().AutoHeight()[MakeImport()]
	];
	// clang-format on
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
	Options.Skeleton = Skeleton;
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
