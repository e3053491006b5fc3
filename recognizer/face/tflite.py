"""Run a TFLite network on the CPU, with LiteRT (Google's runtime of the format)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class TfliteNet:
    """One network with one input and any outputs; one instance belongs to one thread."""

    def __init__(self, path: Path) -> None:
        with _silent():
            # By content: no path for the runtime to misread, whatever letters it is made of.
            self._net = Interpreter(model_content=path.read_bytes(), num_threads=1)
            self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._net.get_output_details()]

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs, in the file's order, for an input (1, H, W, C) of the size that the network has."""
        self._net.set_tensor(self._input, batch)
        self._net.invoke()
        return [self._net.get_tensor(index) for index in self._outputs]


@contextmanager
def _silent() -> Iterator[None]:
    """LiteRT greets on the process's stderr, which is for errors here; it has no switch for that."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
