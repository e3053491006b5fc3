"""All spotters by name: one line makes a row of the table."""

from collections.abc import Mapping
from types import MappingProxyType

from recognizer.spotters import Spotter
from recognizer.spotters.mdmd import Mdmd
from recognizer.spotters.network import Network
from recognizer.spotters.of_fd import OfFd
from recognizer.spotters.softnet import Softnet
from recognizer.spotters.unlearned import Unlearned

SPOTTERS: Mapping[str, Spotter] = MappingProxyType(
    {
        "unlearned": Unlearned(),
        "mdmd_spotter": Mdmd(),
        "of_fd": OfFd(),
        "softnet": Softnet(),
        "network": Network(),
    }
)
