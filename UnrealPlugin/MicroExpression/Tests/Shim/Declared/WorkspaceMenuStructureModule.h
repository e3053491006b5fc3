// Declared only: where tabs are listed. [E]
#pragma once

class IWorkspaceMenuStructure;
namespace WorkspaceMenu
{
	IWorkspaceMenuStructure& GetMenuStructure();
}
