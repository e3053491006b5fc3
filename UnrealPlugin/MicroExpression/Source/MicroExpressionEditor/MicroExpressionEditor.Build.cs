using System;
using System.IO;
using UnrealBuildTool;

// The editor module. It stages the core library, which is built beforehand with CMake: see the plugin's README.md.
// Not run in an editor.
public class MicroExpressionEditor : ModuleRules
{
	public MicroExpressionEditor(ReadOnlyTargetRules Target) : base(Target)
	{
		PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
		PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "DeveloperSettings" });
		PrivateDependencyModuleNames.AddRange(new[]
		{
			"AssetRegistry", "InputCore", "LiveLinkInterface", "MicroExpression", "Projects", "PropertyEditor", "Slate",
			"SlateCore", "ToolMenus", "UnrealEd", "WorkspaceMenuStructure"
		});
		AddCoreLibrary(Target);
	}

	// The library's file name has its version, since Windows takes any library of that name that is loaded already.
	private void AddCoreLibrary(ReadOnlyTargetRules Target)
	{
		bool bWindows = Target.Platform == UnrealTargetPlatform.Win64;
		string CoreFolder = Path.GetFullPath(Path.Combine(ModuleDirectory, "..", "MicroExprCore"));
		string FileName = bWindows ? "microexpr_core_v1.dll" : "libmicroexpr_core_v1.so";
		string BuildFolder = Environment.GetEnvironmentVariable("MICROEXPR_CORE_BUILD");
		if (string.IsNullOrEmpty(BuildFolder))
		{
			BuildFolder = Path.Combine(CoreFolder, "build", bWindows ? "bundle-windows" : "bundle");
		}
		string Library = Path.Combine(BuildFolder, FileName);
		string LinkedWith = bWindows ? Path.ChangeExtension(Library, ".lib") : Library;
		foreach (string Needed in new[] { Library, LinkedWith })
		{
			if (!File.Exists(Needed))
			{
				throw new Exception(
					"MicroExpression: " + Needed + " is missing. Build the core library first: the plugin's README.md, " +
					"\"Build the core\", says how.");
			}
		}
		PrivateIncludePaths.Add(Path.Combine(CoreFolder, "include"));
		PublicAdditionalLibraries.Add(LinkedWith);
		if (bWindows)
		{
			// Loaded by hand when the module starts, so that a missing file gives a sentence and not a dead module.
			PublicDelayLoadDLLs.Add(FileName);
		}
		RuntimeDependencies.Add("$(BinaryOutputDir)/" + FileName, Library);
	}
}
