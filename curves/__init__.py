"""Pure value types, splines, FRichCurve semantics, rigs and file formats: numpy and scipy only."""
