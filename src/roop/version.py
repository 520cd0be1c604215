"""The version of this package, for every layer."""

VERSION = "2.0.0.dev0"
"""The same as in ``pyproject.toml``."""
