"""The command ``roop identity``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import OF_NETWORKS, add_flags, flag_of
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.text import line, warn
from roop.errors import UsageError
from roop.options import FaceOptions, Settings
from roop.processors import installed
from roop.validation import validate

_FACES = ("source_face_position",)


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().read(arguments))
    from roop.media.pictures.identity_file import SUFFIX, identities_folder
    from roop.pipeline.people.saved_identity import make_identity

    name = Path(values["name"])
    if name.suffix != SUFFIX and (len(name.parts) != 1 or name.suffix):
        raise UsageError(
            f"{name} is neither a bare name nor a file called *{SUFFIX}",
            hint=f"say a name such as `alice`, or a file such as `alice{SUFFIX}`",
        )
    output = name if name.suffix == SUFFIX else identities_folder() / f"{name}{SUFFIX}"
    if output.parent == identities_folder():
        _make(output.parent)
    count = make_identity(
        output,
        [Path(photo) for photo in values["photos"]],
        Configuration.read(installed()).settings(values),
        position=_position(values),
        force=values["force"],
        warn=warn,
    )
    if values["json"]:
        sys.stdout.write(json.dumps({"output": str(output), "photos": count}) + "\n")
    elif not values["quiet"]:
        photos = "1 photo" if count == 1 else f"{count} photos"
        said = (str(output), f"{photos}; used by `roop swap -s {name}`")
        sys.stdout.write("".join(line(part) + "\n" for part in said))
    return 0


def _make(folder: Path) -> None:
    from roop.media.files.disk import writing

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # faces are a person's own affair


def _position(values: dict[str, Any]) -> int | None:
    given = {name: values[name] for name in _FACES if name in values}
    return validate(FaceOptions, given, spelling=flag_of).source_face_position


def _parser() -> Parser:
    parser = Parser(
        "roop identity",
        "Save the photos of a person under a name, for `roop swap -s NAME`.",
        epilog="example: roop identity make alice front.jpg left.jpg right.jpg",
    )
    parser.add_argument("action", choices=["make"], metavar="make", help="save photos")
    parser.add_argument("name", metavar="NAME", help="a bare name, or a file called *.identity")
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="photos, or folders of them")
    parser.add_argument("--force", action="store_true", help="replace an identity of that name")
    add_flags(parser, "faces", FaceOptions, only=_FACES)
    add_flags(parser, "machine", Settings, only=OF_NETWORKS)
    add_report(parser)
    return parser
