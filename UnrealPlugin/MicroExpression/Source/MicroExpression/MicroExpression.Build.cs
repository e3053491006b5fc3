using UnrealBuildTool;

// The runtime module: the row struct of the AU dictionary, so that tables of it cook. Not run in an editor.
public class MicroExpression : ModuleRules
{
	public MicroExpression(ReadOnlyTargetRules Target) : base(Target)
	{
		PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
		PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine" });
	}
}
