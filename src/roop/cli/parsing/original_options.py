"""The options of the original tool that have another name or nothing to do any more."""

from typing import Any

from roop.cli.parsing.parser import Parser
from roop.errors import UsageError

_SWAPPER, _ENHANCER = "face_swapper", "face_enhancer"


def add_classic(parser: Parser) -> None:
    """Add the options of the original tool that are none of ours but mean something."""
    group = parser.add_argument_group("as in the original roop")
    group.add_argument(
        "--frame-processor",
        nargs="+",
        metavar="NAME",
        help=f"{_SWAPPER}, which is what this command does, and {_ENHANCER}",
    )
    group.add_argument(
        "--keep-fps", action="store_true", help="frames keep their times, as they do anyway"
    )


def translate(values: dict[str, Any]) -> None:
    """Turn what ``add_classic`` took into options of ours, in place.

    Raises:
        UsageError: It contradicts another option, or there is no such processor.
    """
    if values.pop("keep_fps") and "fps" in values:
        raise UsageError("--keep-fps contradicts --fps", hint="leave one of them out")
    named = values.pop("frame_processor") or [_SWAPPER]
    unknown = [name for name in named if name not in (_SWAPPER, _ENHANCER)]
    if unknown:
        raise UsageError(
            f"there is no frame processor {unknown[0]!r}",
            hint=f"choose of {_SWAPPER} {_ENHANCER}; see --engine and --processor, too",
        )
    if _SWAPPER not in named:
        values["engine"] = "none"
    if _ENHANCER in named:
        values.setdefault("enhance", True)
