"""Options of the original roop that were renamed or are no longer needed."""

from typing import Any

from roop.cli.parsing.parser import Parser
from roop.errors import UsageError

_SWAPPER, _ENHANCER = "face_swapper", "face_enhancer"


def add_original_options(parser: Parser) -> None:
    """Add the options of the original roop that have another name today."""
    group = parser.add_argument_group("options of the original roop")
    group.add_argument(
        "--frame-processor",
        nargs="+",
        metavar="NAME",
        help=f"{_SWAPPER} (always on here) or {_ENHANCER} (the same as --enhance)",
    )
    group.add_argument(
        "--keep-fps",
        action="store_true",
        help="accepted and not needed: frames keep their times",
    )


def translate_original_options(values: dict[str, Any]) -> None:
    """Replace the options of ``add_original_options`` in ``values`` by today's.

    Raises:
        UsageError: An option contradicts another one, or there is no such processor.
    """
    if values.pop("keep_fps") and "fps" in values:
        raise UsageError("--keep-fps contradicts --fps", hint="leave one of them out")
    names = values.pop("frame_processor") or [_SWAPPER]
    unknown = [name for name in names if name not in (_SWAPPER, _ENHANCER)]
    if unknown:
        raise UsageError(
            f"there is no frame processor {unknown[0]!r}",
            hint=f"choose {_SWAPPER} or {_ENHANCER}, or see --engine and --processor",
        )
    if _SWAPPER not in names:
        values["engine"] = "none"
    if _ENHANCER in names:
        values.setdefault("enhance", True)
