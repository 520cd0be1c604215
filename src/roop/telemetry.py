"""Keeps libraries from telling their makers of their use."""

import os

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # from 1.29 on it queues events at import
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Environment variables that their libraries read when they are imported, and children inherit."""


def switch_off() -> None:
    """Set what is not set already; call it before the first import of any other library."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
