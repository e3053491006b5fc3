// Shim: what the header tool would generate for the row struct: its description.
#include "MicroExpressionKeyRow.h"

namespace
{
	FString Describe(const void* Row)
	{
		const FMicroExpressionKeyRow& R = *static_cast<const FMicroExpressionKeyRow*>(Row);
		return FString::Printf(TEXT("%.9g %.9g %d %d %d %.9g %.9g %.9g %.9g"), R.Time, R.Disp,
			int32(R.InterpMode.GetValue()), int32(R.TangentMode.GetValue()), int32(R.TangentWeightMode.GetValue()),
			R.ArriveTangent, R.ArriveTangentWeight, R.LeaveTangent, R.LeaveTangentWeight);
	}

	UScriptStruct Make()
	{
		UScriptStruct Struct = UScriptStruct::ShimMake<FMicroExpressionKeyRow>(
			TEXT("MicroExpressionKeyRow"), FTableRowBase::StaticStruct());
		Struct.Describe = Describe;
		return Struct;
	}
}

UScriptStruct* FMicroExpressionKeyRow::StaticStruct()
{
	static UScriptStruct Found = Make();
	return &Found;
}
