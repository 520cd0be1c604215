"""The flags that share the output of a job."""

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

_JOB_OPTIONS = ("expires", "public")
"""The options of ``ShareOptions`` that jobs have a flag for."""

_PREFIX = "share_"
"""The prefix of these flags."""


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """Where and how to share the output of a job."""

    target: "Target"
    options: ShareOptions


def add_share_flags(parser: Parser) -> None:
    """Add ``--share`` and its options."""
    parser.add_argument(
        "--share",
        nargs="?",
        const="",
        default=argparse.SUPPRESS,
        metavar="TO",
        help="share the finished output as `roop share` does; without TO, where roop.toml says",
    )
    add_flags(parser, "sharing", ShareOptions, only=_JOB_OPTIONS, prefix=_PREFIX)


def take_share_request(values: dict[str, Any], configuration: Configuration) -> ShareRequest | None:
    """Remove the flags of ``add_share_flags`` from ``values``; return None without ``--share``.

    Raises:
        UsageError: An option is invalid, or has no effect without ``--share``.
        ShareError: The extra is not installed.
    """
    flags = {name: values.pop(_PREFIX + name) for name in _JOB_OPTIONS if _PREFIX + name in values}
    to = values.pop("share", None)
    if to is None:
        for name in flags:
            flag = flag_of(_PREFIX + name)
            raise UsageError(f"{flag} has no effect without --share", hint="add --share TO")
        return None
    from roop.share import check_target

    options = configuration.sharing(flags | ({"to": to} if to else {}), prefix=_PREFIX)
    return ShareRequest(check_target(None, options), options)
