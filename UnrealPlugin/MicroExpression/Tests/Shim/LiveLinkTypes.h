// Shim: what Live Link's subjects are made of. [E][P]
#pragma once

#include "Engine/DataTable.h"
#include "Misc/QualifiedFrameTime.h"

// [P] Here a number; only its identity counts.
struct FGuid
{
	uint32 A = 0;
	friend bool operator==(const FGuid& X, const FGuid& Y) { return X.A == Y.A; }
};
// [P]
struct FLiveLinkSubjectName
{
	FName Name;
	FLiveLinkSubjectName(FName InName) : Name(InName) {}
};
// [P]
struct FLiveLinkSubjectKey
{
	FGuid Source;
	FLiveLinkSubjectName SubjectName;
	FLiveLinkSubjectKey(FGuid InSource, FName InName) : Source(InSource), SubjectName(InName) {}
};
// [P] Seconds of the engine's clock.
struct FLiveLinkWorldTime
{
	FLiveLinkWorldTime() = default;
	explicit FLiveLinkWorldTime(double InTime) : Time(InTime) {}
	double GetOffsettedTime() const { return Time; }

private:
	double Time = 0.0;
};
// [E]
struct FLiveLinkMetaData
{
	FQualifiedFrameTime SceneTime;
};
// [E]
struct FLiveLinkBaseStaticData
{
	TArray<FName> PropertyNames;
	static UScriptStruct* StaticStruct();
};
// [E]
struct FLiveLinkBaseFrameData
{
	FLiveLinkWorldTime WorldTime;
	FLiveLinkMetaData MetaData;
	TArray<float> PropertyValues;
	static UScriptStruct* StaticStruct();
};

namespace Shim
{
	// [P] A struct of a type that is said when it is made; moved, not copied.
	template <typename T>
	class TLiveLinkStruct
	{
	public:
		explicit TLiveLinkStruct(const UScriptStruct* Struct)
		{
			check(Struct == T::StaticStruct());
			Held = MakeShared<T>();
		}
		TLiveLinkStruct(TLiveLinkStruct&&) = default;
		TLiveLinkStruct& operator=(TLiveLinkStruct&&) = default;
		template <typename U>
		U* Cast() const
		{
			static_assert(std::is_same_v<U, T>, "the shim knows the base structs only");
			return Held.Get();
		}

	private:
		TSharedPtr<T> Held;
	};
}
using FLiveLinkStaticDataStruct = Shim::TLiveLinkStruct<FLiveLinkBaseStaticData>;
using FLiveLinkFrameDataStruct = Shim::TLiveLinkStruct<FLiveLinkBaseFrameData>;
