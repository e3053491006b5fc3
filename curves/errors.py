"""Errors that a user can act on.

Tree:
    MicroExprError        one sentence that says what happened and what to do
      InputError          the file, folder or argument given cannot be used
      FormatError         a file of ours does not follow its format
      NoFaceError         the video holds no face that can be followed
      SetupError          something must be installed or fetched first

A broken contract between rooms is a ``ValueError`` with what was expected and what came.
"""


class MicroExprError(Exception):
    """Base of all errors whose message is meant for the user; the command line prints it and exits 2."""


class InputError(MicroExprError):
    """The file, folder or argument given cannot be used."""


class FormatError(MicroExprError):
    """A file does not follow the format that it claims."""


class NoFaceError(MicroExprError):
    """The video holds no face that can be followed."""


class SetupError(MicroExprError):
    """Something that the machine lacks; the message names the command that brings it."""
