// Declared only. [P]
#pragma once

bool IsRunningCommandlet();
