"""The version of this package, and how to reinstall it."""

VERSION = "2.0.0b1"
"""The same as in ``pyproject.toml``."""

REINSTALL = "reinstall roop; in a clone: `uv sync --reinstall-package roop` or `pip install .`"
"""Hint for a missing file that the build adds to the package."""
