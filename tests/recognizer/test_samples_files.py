"""A sample survives its file; other files are refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from curves.errors import FormatError
from recognizer.samples import Sample, load_sample, save_sample


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    n = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    text = st.text(max_size=12)
    return Sample(
        clip=draw(text),
        dataset=draw(text),
        subject=draw(text),
        emotion=draw(st.none() | text),
        aus=draw(st.none() | st.frozensets(st.integers(1, 64))),
        times_s=np.arange(n) / draw(st.floats(1.0, 500.0)),
        apex=draw(st.none() | st.integers(0, n - 1)),
        flow=rng.normal(size=(n, 2, 56, 56)).astype(np.float16) if draw(st.booleans()) else None,
        crops=rng.integers(0, 256, (n, 112, 112), np.uint8) if draw(st.booleans()) else None,
        onset_apex=rng.normal(size=(3, 28, 28)).astype(np.float32) if draw(st.booleans()) else None,
    )


@given(samples())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sample_survives_its_file(tmp_path: Path, sample: Sample) -> None:
    path = tmp_path / "a.safetensors"
    save_sample(sample, path)
    again = load_sample(path)
    for name in ("clip", "dataset", "subject", "emotion", "aus", "apex"):
        assert getattr(again, name) == getattr(sample, name)
        assert type(getattr(again, name)) is type(getattr(sample, name))
    for name in ("times_s", "flow", "crops", "onset_apex"):
        before, after = getattr(sample, name), getattr(again, name)
        assert (before is None) == (after is None)
        if before is not None:
            assert after.dtype == before.dtype
            np.testing.assert_array_equal(after, before)
    assert list(tmp_path.iterdir()) == [path]  # no partial file stays


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(FormatError, match="prepare the data set again"):
        load_sample(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError, match="prepare the data set again"):
        load_sample(path)
    save_file({"times_s": np.zeros(1)}, path)
    with pytest.raises(FormatError, match=r"not a prepared sample"):
        load_sample(path)
    save_file({"times_s": np.zeros(1)}, path, metadata={"format": "microexpr.sample/1", "labels": "[1]"})
    with pytest.raises(FormatError, match="no usable"):
        load_sample(path)
    labels = '{"clip": "a", "dataset": "d", "subject": "s", "emotion": null, "aus": [1], "apex": 7}'
    save_file({"times_s": np.zeros(1)}, path, metadata={"format": "microexpr.sample/1", "labels": labels})
    with pytest.raises(FormatError, match=r"expected 0\.\.0, got 7"):
        load_sample(path)
