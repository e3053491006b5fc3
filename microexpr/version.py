"""The one place that knows the version: the installed distribution's, else that of the source tree."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("microexpr")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "0.1.0+source"
