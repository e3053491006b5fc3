// Shim: the basic role uses the base structs. [E]
#pragma once

#include "LiveLinkTypes.h"
