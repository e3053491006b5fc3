"""Why the bridge says no: one error, with the status code that travels and a sentence for the user."""

from curves.errors import MicroExprError


class BridgeError(MicroExprError):
    """The bridge cannot do what was asked; ``code`` is the name of a gRPC status, such as ``NOT_FOUND``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
