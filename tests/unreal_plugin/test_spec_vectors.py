"""The golden header of the plugin's automation test is what its script writes, and says what Python computes."""

import re
import sys
from pathlib import Path

import numpy as np

from curves.richcurve import auto_tangents, evaluate
from curves.values import Extrapolation, InterpMode, RichCurve, RichKey, TangentMode

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))
import write_spec_vectors

ROW = re.compile(r"\{(RCIM_\w+), (RCTM_\w+), (\S+)f, (\S+)f, (\S+)f, (\S+)f\}")
SAMPLE = re.compile(r"\{(-?[\d.e+-]+)f, (-?[\d.e+-]+)f\}")


def test_the_header_is_what_the_script_writes() -> None:
    assert write_spec_vectors.TARGET.read_text(encoding="utf-8") == write_spec_vectors.header()


def test_the_header_says_what_python_computes() -> None:
    text = write_spec_vectors.header()
    modes = re.findall(r'\{TEXT\("(\w+)"\), (\w+), (\w+), (\w+),', text)
    blocks = re.findall(r"FKey Keys\d+\[\] = \{(.*?)\};.*?FSample Samples\d+\[\] = \{(.*?)\};", text, re.DOTALL)
    assert len(modes) == len(blocks) == len(write_spec_vectors.CURVES)
    for (name, pre, post, auto), (key_text, sample_text) in zip(modes, blocks, strict=True):
        keys = tuple(
            RichKey(float(t), float(v), InterpMode[interp], TangentMode[tangent], float(arrive), float(leave))
            for interp, tangent, t, v, arrive, leave in ROW.findall(key_text)
        )
        curve = RichCurve(name, keys, Extrapolation[pre], Extrapolation[post])
        samples = np.array(SAMPLE.findall(sample_text), dtype=np.float32)
        assert samples.shape == (write_spec_vectors.SAMPLES, 2)
        scale = max(1.0, float(np.ptp(samples[:, 1])))
        assert np.abs(evaluate(curve, samples[:, 0], precision=np.float32) - samples[:, 1]).max() <= 1e-5 * scale
        if auto == "true":
            made = auto_tangents(keys, precision=np.float32)
            inner = range(1, len(keys) - 1)
            assert all(abs(made[i].arrive_tangent - keys[i].arrive_tangent) <= 1e-5 * scale for i in inner), name
