"""The version of this package, and how to install it again, for every layer."""

VERSION = "2.0.0b1"
"""The same as in ``pyproject.toml``."""

REINSTALL = (
    "install roop again, in a clone by `uv sync --reinstall-package roop` or `pip install .`"
)
"""What brings back a file that the build puts into the package."""
