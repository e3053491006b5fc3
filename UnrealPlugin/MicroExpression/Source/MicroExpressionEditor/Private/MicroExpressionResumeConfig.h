// How far each server's changes have been dealt with, kept per user and project.
#pragma once

#include "MicroExpressionReceiver.h"

/** In EditorPerProjectUserSettings: what one user has seen is nobody else's. Not run in an editor. */
class FMicroExpressionResumeConfig : public IMicroExpressionResumeStore
{
public:
	virtual bool Load(const FString& Address, FString& OutStoreId, uint64& OutSequence) override;
	virtual void Save(const FString& Address, const FString& StoreId, uint64 Sequence) override;
};
