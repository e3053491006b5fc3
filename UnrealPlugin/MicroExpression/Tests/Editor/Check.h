// The tests' own: a failed check is a line, and the program's result.
#pragma once

#include <cstdio>

inline int Failures = 0;

#define CHECK(Expression) \
	do \
	{ \
		if (!(Expression)) \
		{ \
			std::fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #Expression); \
			++Failures; \
		} \
	} while (false)
