// Runs the plugin's automation specs on the shim.
#include <cstdio>

#include "Misc/AutomationTest.h"
#include "ShimState.h"

int main()
{
	int32 Count = 0;
	const int32 Failed = Shim::RunSpecs(Count);
	std::printf("%d of %d passed\n", Count - Failed, Count);
	return Failed != 0 || Count == 0 || Shim::Violations().Num() != 0;
}
