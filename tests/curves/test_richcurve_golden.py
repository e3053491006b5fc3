"""The float32 golden file that C++ reads is what Python computes now."""

import runpy
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_golden_file_is_what_python_computes() -> None:
    script = runpy.run_path(str(GOLDEN / "write_richcurve_float32.py"))
    assert (GOLDEN / "richcurve_float32.txt").read_text(encoding="ascii") == script["text"]()
