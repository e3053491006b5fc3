// Shim: in the engine the header tool writes this file.
#pragma once
