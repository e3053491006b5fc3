// Shim: ILiveLinkClient, as a source sees it. [E]
#pragma once

#include "Features/IModularFeatures.h"
#include "ILiveLinkSource.h"
#include "Roles/LiveLinkBasicRole.h"

// [E]
class ILiveLinkClient : public IModularFeature
{
public:
	static FName ModularFeatureName;
	virtual FGuid AddSource(TSharedPtr<ILiveLinkSource> Source) = 0;
	virtual void RemoveSource(TSharedPtr<ILiveLinkSource> Source) = 0;
	virtual void PushSubjectStaticData_AnyThread(
		const FLiveLinkSubjectKey& Key, TSubclassOf<ULiveLinkRole> Role, FLiveLinkStaticDataStruct&& Data) = 0;
	virtual void PushSubjectFrameData_AnyThread(const FLiveLinkSubjectKey& Key, FLiveLinkFrameDataStruct&& Data) = 0;
	virtual void RemoveSubject_AnyThread(const FLiveLinkSubjectKey& Key) = 0;
};
