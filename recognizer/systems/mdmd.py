"""MDMD as a recognition system: main directions of the flow in blocks of the face, and a linear classifier.

Wang et al. (2017) made MDMD to spot. To recognise, its quantities at the apex are the features, as main directional
mean flow is in Liu et al. (2016): where each block goes, how far, and how much of that it has lost again at the end.
"""

import numpy as np
from numpy.typing import NDArray

from recognizer.samples import Sample
from recognizer.spotters.mdmd import main_difference, main_motion
from recognizer.systems import Need, System
from recognizer.systems.linear import classical


def apex_of(sample: Sample) -> int:
    """The labelled apex, or the frame that has moved furthest from the first one on average."""
    if sample.apex is not None:
        return sample.apex
    if sample.flow is None:
        raise ValueError("mdmd: expected a sample with flow")
    distance = [float(np.hypot(*frame.astype(np.float32)).mean()) for frame in sample.flow]
    return int(np.argmax(distance))


def mdmd_features(sample: Sample) -> NDArray[np.float32]:
    """(108,): of each of 36 blocks the motion (right, down) in its main direction from onset to apex, then the
    differences apex - offset of all blocks, in crop pixels. Reads ``flow`` and ``apex``."""
    if sample.flow is None:
        raise ValueError("mdmd: expected a sample with flow")
    apex = sample.flow[apex_of(sample)][None].astype(np.float32)
    last = sample.flow[-1:].astype(np.float32)
    return np.concatenate([main_motion(apex).ravel(), main_difference(apex, last).ravel()]).astype(np.float32)


SYSTEMS: dict[str, System] = {
    "mdmd": classical(
        "mdmd",
        "MDMD: main-direction flow of 6 x 6 blocks at the apex, linear classifier (after Wang et al. 2017)",
        Need.FLOW,
        mdmd_features,
        standardise=True,
    )
}
