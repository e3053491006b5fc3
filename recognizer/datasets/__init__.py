"""Licensed micro-expression sets as holders unpack them: one module a set, quirks handled, corrections as data."""
