// Written by tests/golden/write_spec_vectors.py: do not edit. What FRichCurve does with ten small curves.
#pragma once

#include "Curves/RichCurve.h"

namespace MicroExpressionGolden
{
	struct FKey
	{
		ERichCurveInterpMode Interp;
		ERichCurveTangentMode Tangent;
		float Time;
		float Value;
		float Arrive;
		float Leave;
	};
	struct FSample
	{
		float Time;
		float Value;
	};
	struct FCurve
	{
		const TCHAR* Name;
		ERichCurveExtrapolation Pre;
		ERichCurveExtrapolation Post;
		/** The tangents are what AutoSetTangents(0) computes. */
		bool bAuto;
		const FKey* Keys;
		int32 KeyCount;
		const FSample* Samples;
		int32 SampleCount;
	};

	// two keys: both end tangents 0 -> smoothstep
	inline const FKey Keys0[] = {
		{RCIM_Cubic, RCTM_Auto, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 1.0f, 1.0f, 0.0f, 0.0f},
	};
	inline const FSample Samples0[] = {
		{0.0f, 0.0f},
		{-0.699999988f, 0.0f},
		{2.2249999f, 1.0f},
		{0.618034005f, 0.673762083f},
		{0.326237917f, 0.249849766f},
		{0.652475834f, 0.721623957f},
		{0.360679775f, 0.296428114f},
		{0.0688837096f, 0.0135811949f},
		{0.777087629f, 0.873083234f},
	};

	// non-uniform times: division by whole span
	inline const FKey Keys1[] = {
		{RCIM_Cubic, RCTM_Auto, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 0.100000001f, 0.200000003f, 5.0f, 5.0f},
		{RCIM_Cubic, RCTM_Auto, 0.200000003f, 1.0f, -0.666666627f, -0.666666627f},
		{RCIM_Cubic, RCTM_Auto, 0.400000006f, 0.0f, 0.0f, 0.0f},
	};
	inline const FSample Samples1[] = {
		{0.0f, 0.0f},
		{0.300000012f, 0.48333323f},
		{0.417500019f, 0.0f},
		{1.52499998f, 0.0f},
		{0.427050978f, 0.0f},
		{0.0901699439f, 0.154619932f},
		{0.444271922f, 0.0f},
		{0.298373878f, 0.495261669f},
		{0.152475849f, 0.697669923f},
	};

	// User: arrive == leave
	inline const FKey Keys2[] = {
		{RCIM_Cubic, RCTM_User, 0.0f, 0.0f, 2.0f, 2.0f},
		{RCIM_Cubic, RCTM_User, 0.5f, 0.699999988f, -1.0f, -1.0f},
		{RCIM_Cubic, RCTM_User, 1.0f, 0.100000001f, 0.5f, 0.5f},
	};
	inline const FSample Samples2[] = {
		{0.0f, 0.0f},
		{-0.174999997f, 0.0f},
		{1.35000002f, 0.100000001f},
		{2.0f, 0.100000001f},
		{0.0901699439f, 0.194574803f},
		{0.416407853f, 0.729101479f},
		{0.124611795f, 0.272559136f},
		{0.832815707f, 0.182138041f},
		{0.541019678f, 0.652437866f},
	};

	// AutoSetTangents leaves User/Break keys alone
	inline const FKey Keys3[] = {
		{RCIM_Cubic, RCTM_Auto, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_User, 0.400000006f, 1.0f, 1.5f, 1.5f},
		{RCIM_Cubic, RCTM_Auto, 0.800000012f, 0.5f, -1.0f, -1.0f},
		{RCIM_Cubic, RCTM_Break, 1.39999998f, 0.0f, -0.5f, 2.0f},
	};
	inline const FSample Samples3[] = {
		{0.0f, 0.0f},
		{1.10000002f, 0.212499946f},
		{1.449f, 0.0f},
		{4.54999971f, 0.0f},
		{1.19574273f, 0.132950857f},
		{0.252475828f, 0.604108155f},
		{1.24396133f, 0.0965504646f},
		{0.835446835f, 0.464573801f},
		{0.426932365f, 1.03033805f},
	};

	// fresh AddKey only: Linear
	inline const FKey Keys4[] = {
		{RCIM_Linear, RCTM_Auto, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Linear, RCTM_Auto, 0.300000012f, 1.0f, 0.0f, 0.0f},
		{RCIM_Linear, RCTM_Auto, 0.899999976f, -0.5f, 0.0f, 0.0f},
		{RCIM_Linear, RCTM_Auto, 1.10000002f, 0.200000003f, 0.0f, 0.0f},
	};
	inline const FSample Samples4[] = {
		{0.0f, 0.0f},
		{1.0f, -0.150000006f},
		{1.13849998f, 0.200000003f},
		{3.57500005f, 0.200000003f},
		{0.939512193f, -0.36170727f},
		{0.198373884f, 0.66124624f},
		{0.977398217f, -0.229106218f},
		{0.656422555f, 0.108943582f},
		{0.335446864f, 0.911382854f},
	};

	// Linear/Cubic/Constant mix; Cubic auto next to Linear
	inline const FKey Keys5[] = {
		{RCIM_Linear, RCTM_Auto, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 0.212118f, 1.20000005f, 2.77519298f, 2.77519298f},
		{RCIM_Cubic, RCTM_Auto, 0.96401298f, 2.67532206f, 0.786753833f, 0.786753833f},
		{RCIM_Constant, RCTM_Auto, 2.5f, 3.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 3.20000005f, 1.0f, 0.491028309f, 0.491028309f},
		{RCIM_Linear, RCTM_Auto, 4.98745584f, 4.22141123f, 0.0f, 0.0f},
	};
	inline const FSample Samples5[] = {
		{0.0f, 0.0f},
		{0.106059f, 0.600000024f},
		{-0.872804761f, 0.0f},
		{6.73306561f, 4.22141123f},
		{9.97491169f, 4.22141123f},
		{3.53213573f, 1.40045404f},
		{2.07681584f, 3.00610089f},
		{0.621495843f, 2.1916697f},
		{4.15363169f, 2.87430167f},
	};

	// two keys at one time: jump
	inline const FKey Keys6[] = {
		{RCIM_Cubic, RCTM_User, 0.0f, 0.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_User, 0.5f, 1.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_User, 0.5f, 0.200000003f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_User, 1.0f, 0.600000024f, 0.0f, 0.0f},
	};
	inline const FSample Samples6[] = {
		{0.0f, 0.0f},
		{0.75f, 0.400000006f},
		{1.03499997f, 0.600000024f},
		{3.25f, 0.600000024f},
		{0.854101956f, 0.517702043f},
		{0.180339888f, 0.296428114f},
		{0.888543844f, 0.549233377f},
		{0.596747756f, 0.239132971f},
		{0.304951698f, 0.662200093f},
	};

	// infinity extrapolation
	inline const FKey Keys7[] = {
		{RCIM_Cubic, RCTM_Auto, 0.5f, 0.200000003f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 1.0f, 1.0f, 0.400000036f, 0.400000036f},
		{RCIM_Cubic, RCTM_Auto, 1.5f, 0.600000024f, -0.400000006f, -0.400000006f},
		{RCIM_Cubic, RCTM_Auto, 2.5f, 0.400000006f, 0.0f, 0.0f},
	};
	inline const FSample Samples7[] = {
		{0.5f, 0.200000003f},
		{2.0f, 0.450000018f},
		{2.56999993f, 0.400979996f},
		{7.0f, 0.450000018f},
		{2.20820403f, 0.417028993f},
		{0.860679746f, 0.819278121f},
		{2.27708769f, 0.409938008f},
		{1.69349551f, 0.530089915f},
		{1.10990334f, 0.984816372f},
	};

	// CUE4Parse UE5.8 fixture Curve_Float: engine-cooked; Eval(-3) = -7 asserted upstream
	inline const FKey Keys8[] = {
		{RCIM_Linear, RCTM_Auto, -2.0f, -4.0f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_User, 0.0f, 2.0f, 1.0f, 1.5f},
		{RCIM_Linear, RCTM_Auto, 3.0f, 11.0f, 0.0f, 0.0f},
	};
	inline const FSample Samples8[] = {
		{-2.0f, -4.0f},
		{-2.875f, -6.625f},
		{4.75f, 11.0f},
		{8.0f, 11.0f},
		{-1.54915023f, -2.64745069f},
		{0.0820393264f, 2.13624382f},
		{-1.37694097f, -2.1308229f},
		{2.16407871f, 9.54514503f},
		{0.705098331f, 3.87670016f},
	};

	// game asset values (engine computed 1.848622 and 0.6907)
	inline const FKey Keys9[] = {
		{RCIM_Linear, RCTM_Auto, 0.0161530003f, 0.923087001f, 0.0f, 0.0f},
		{RCIM_Cubic, RCTM_Auto, 0.212118f, 0.923087001f, 1.8486222f, 1.8486222f},
		{RCIM_Cubic, RCTM_Auto, 0.96401298f, 2.67532206f, 0.690699637f, 0.690699637f},
		{RCIM_Linear, RCTM_Auto, 4.98745584f, 4.22141123f, 0.0f, 0.0f},
	};
	inline const FSample Samples9[] = {
		{0.0161530003f, 0.923087001f},
		{2.97573447f, 3.7957406f},
		{5.16145134f, 4.22141123f},
		{16.1728878f, 4.22141123f},
		{4.26215267f, 4.16282511f},
		{0.912677169f, 2.62718892f},
		{4.43337345f, 4.18696833f},
		{2.98276687f, 3.79857564f},
		{1.53216016f, 3.04852033f},
	};

	inline const FCurve Curves[] = {
		{TEXT("auto_two_keys"), RCCE_Constant, RCCE_Constant, true, Keys0, 2, Samples0, 9},
		{TEXT("auto_nonuniform"), RCCE_Constant, RCCE_Constant, true, Keys1, 4, Samples1, 9},
		{TEXT("user_tangents"), RCCE_Constant, RCCE_Constant, false, Keys2, 3, Samples2, 9},
		{TEXT("user_survives_auto"), RCCE_Constant, RCCE_Constant, false, Keys3, 4, Samples3, 9},
		{TEXT("linear_keys"), RCCE_Constant, RCCE_Constant, false, Keys4, 4, Samples4, 9},
		{TEXT("mixed_modes"), RCCE_Constant, RCCE_Constant, false, Keys5, 6, Samples5, 9},
		{TEXT("duplicate_time"), RCCE_Constant, RCCE_Constant, false, Keys6, 4, Samples6, 9},
		{TEXT("extrap_CycleWithOffset_Oscillate"), RCCE_CycleWithOffset, RCCE_Oscillate, true, Keys7, 4, Samples7, 9},
		{TEXT("fixture_ue58_curvefloat"), RCCE_Linear, RCCE_Constant, false, Keys8, 3, Samples8, 9},
		{TEXT("engine_autotangents"), RCCE_Constant, RCCE_Constant, true, Keys9, 4, Samples9, 9},
	};
}
