"""The flags that share what a job makes."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags, flag_of
from roop.cli.parsing.parser import Parser
from roop.errors import UsageError
from roop.options import ShareOptions

if TYPE_CHECKING:
    from roop.share.targets import Target

_OF_JOBS = ("expires", "public")
"""Options of ``ShareOptions`` that jobs have a flag for, with this before it:"""
_PREFIX = "share_"


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """That an output is to be shared, and where to."""

    target: "Target"
    options: ShareOptions


def add_share_flags(parser: Parser) -> None:
    """Add ``--share`` and what goes with it."""
    parser.add_argument(
        "--share",
        nargs="?",
        const="",
        default=argparse.SUPPRESS,
        metavar="TO",
        help="share the output when it is finished, as `roop share` does; without TO where "
        "roop.toml says",
    )
    add_flags(parser, "sharing", ShareOptions, only=_OF_JOBS, prefix=_PREFIX)


def take_share_request(values: dict[str, Any], configuration: Configuration) -> ShareRequest | None:
    """Remove what ``add_share_flags`` added from ``values``; return it, None if not asked for.

    Raises:
        UsageError: An option is wrong, or has no effect without ``--share``.
        ShareError: The extra is not installed.
    """
    flags = {name: values.pop(_PREFIX + name) for name in _OF_JOBS if _PREFIX + name in values}
    to = values.pop("share", None)
    if to is None:
        for name in flags:
            flag = flag_of(_PREFIX + name)
            raise UsageError(f"{flag} has no effect without --share", hint="add --share TO")
        return None
    from roop.share import check_target

    options = configuration.sharing(flags | ({"to": to} if to else {}), prefix=_PREFIX)
    return ShareRequest(check_target(None, options), options)
