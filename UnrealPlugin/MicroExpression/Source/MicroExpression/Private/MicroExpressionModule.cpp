#include "Modules/ModuleManager.h"

// The runtime module has nothing to start: it exists so that FMicroExpressionKeyRow is known to a packaged game.
IMPLEMENT_MODULE(FDefaultModuleImpl, MicroExpression)
