"""The wire's messages and numbers: the one place that imports what the build makes."""

from curves.errors import SetupError
from curves.values import Side

try:
    from unreal_bridge.proto.microexpr.v1 import bridge_pb2 as pb
    from unreal_bridge.proto.microexpr.v1 import bridge_pb2_grpc as rpc
except ModuleNotFoundError as error:
    raise SetupError(
        f"The bridge cannot start ({error}): install microexpr[bridge], or in a checkout run 'make setup'."
    ) from error

__all__ = ["MAX_MESSAGE_BYTES", "MAX_PART_BYTES", "PROTOCOL", "SIDES", "SIDE_NUMBERS", "pb", "rpc"]

#: Of the handshake: raised when an older partner would misunderstand.
PROTOCOL = 1
#: No header and no chunk is longer.
MAX_PART_BYTES = 65_536
#: No message to a server is longer: a part in its envelope, or a live header with all its names.
MAX_MESSAGE_BYTES = 262_144

SIDES: dict[int, Side] = {pb.SIDE_BOTH: Side.BOTH, pb.SIDE_LEFT: Side.LEFT, pb.SIDE_RIGHT: Side.RIGHT}
SIDE_NUMBERS = {side: pb.Side.Name(number) for number, side in SIDES.items()}
