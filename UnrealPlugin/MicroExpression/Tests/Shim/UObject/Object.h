// Shim: UObject, UClass, creating and finding objects. [E] Nothing is collected by itself: objects live to the
// end, or until Shim::Collect.
#pragma once

#include <functional>
#include <memory>
#include <new>

#include "CoreMinimal.h"

class UObject;
class UPackage;

// [E]
class UClass
{
public:
	UClass(const TCHAR* InName, UClass* InSuper, UObject* (*InConstruct)())
		: Name(InName), Super(InSuper), Construct(InConstruct)
	{
	}
	bool IsChildOf(const UClass* Other) const
	{
		for (const UClass* Class = this; Class; Class = Class->Super)
		{
			if (Class == Other)
			{
				return true;
			}
		}
		return false;
	}
	FString GetName() const { return Name; }
	UObject* ShimConstruct() const { return Construct(); }

private:
	FString Name;
	UClass* Super;
	UObject* (*Construct)();
};

// In place of what the header tool generates for a class of the engine.
#define SHIM_CLASS(Class, SuperClass) \
public: \
	static UClass* StaticClass() \
	{ \
		static UClass Found(&TEXT(#Class)[1], SuperClass::StaticClass(), []() -> UObject* { return new Class; }); \
		return &Found; \
	} \
	UClass* GetClass() const override \
	{ \
		return StaticClass(); \
	}

// [E]
class UObject
{
public:
	virtual ~UObject() = default;
	static UClass* StaticClass()
	{
		static UClass Found(TEXT("Object"), nullptr, []() -> UObject* { return new UObject; });
		return &Found;
	}
	virtual UClass* GetClass() const { return StaticClass(); }
	bool IsA(const UClass* Class) const { return GetClass()->IsChildOf(Class); }
	template <typename T>
	bool IsA() const
	{
		return IsA(T::StaticClass());
	}
	FName GetFName() const { return Name; }
	FString GetName() const { return Name.ToString(); }
	FString GetPathName() const;
	UObject* GetOuter() const { return Outer; }
	UPackage* GetPackage() const;
	UPackage* GetOutermost() const { return GetPackage(); }
	bool HasAnyFlags(EObjectFlags Wanted) const { return (Flags & Wanted) != 0; }
	void SetFlags(EObjectFlags More) { Flags = Flags | More; }
	void ClearFlags(EObjectFlags Less) { Flags = static_cast<EObjectFlags>(Flags & ~Less); }
	bool MarkPackageDirty() const;
	// Records the object for undo, when it is RF_Transactional and a transaction is open, and marks its package.
	virtual bool Modify(bool bAlwaysMarkDirty = true);
	virtual void PostEditChange() {}

	// What undo puts back: a function that restores the state of now.
	virtual std::function<void()> ShimCapture() { return nullptr; }
	// The content as text, bit for bit: what a saved file would hold.
	virtual FString ShimContent() const { return FString(); }
	// Ends with the object: what weak pointers hold.
	std::shared_ptr<const void> ShimLife() const { return Life; }
	void ShimPlace(UObject* InOuter, FName InName, EObjectFlags InFlags);

private:
	UObject* Outer = nullptr;
	FName Name;
	EObjectFlags Flags = RF_NoFlags;
	std::shared_ptr<const void> Life = std::make_shared<char>();
};

// [E] Only a pointer here.
template <typename T>
using TObjectPtr = T*;

namespace Shim
{
	UObject* FindObjectByPath(const FString& Path);
	void RequireGameThread(const char* What);
	// Deletes an object that lies in a package, as the garbage collector does with one that nobody holds.
	void Collect(UObject* Object);
}

// [E]
template <typename T>
T* Cast(UObject* Object)
{
	return Object && Object->IsA(T::StaticClass()) ? static_cast<T*>(Object) : nullptr;
}
template <typename T>
const T* Cast(const UObject* Object)
{
	return Cast<T>(const_cast<UObject*>(Object));
}
template <typename T>
T* CastChecked(UObject* Object)
{
	T* Result = Cast<T>(Object);
	check(Result);
	return Result;
}

// [E] A second object of the same name in the same outer ends the program, as in the engine when classes differ.
template <typename T>
T* NewObject(UObject* Outer, FName Name = NAME_None, EObjectFlags Flags = RF_NoFlags)
{
	Shim::RequireGameThread("NewObject");
	T* Object = static_cast<T*>(T::StaticClass()->ShimConstruct());
	Object->ShimPlace(Outer, Name, Flags);
	return Object;
}

// [E] By path, "/Game/A/B.B" (or "/Game/A/B" for the asset named as its package); null when it is not in memory.
template <typename T>
T* FindObject(UObject* Outer, const TCHAR* Path)
{
	check(!Outer);
	return Cast<T>(Shim::FindObjectByPath(FString(Path)));
}
// [E] Here all that exists is in memory.
template <typename T>
T* LoadObject(UObject* Outer, const TCHAR* Path)
{
	return FindObject<T>(Outer, Path);
}

template <typename T>
bool IsValid(const T* Object)
{
	return Object != nullptr;
}
