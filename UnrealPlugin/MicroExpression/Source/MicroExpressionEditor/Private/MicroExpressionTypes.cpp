#include "MicroExpressionTypes.h"

DEFINE_LOG_CATEGORY(LogMicroExpression);
