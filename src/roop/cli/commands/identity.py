"""The command ``roop identity``: save the photos of a person under a name."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import NETWORK_SETTINGS, add_flags, flag_of
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.text import one_line, warn
from roop.errors import UsageError
from roop.options import FaceOptions, Settings
from roop.processors import installed
from roop.validation import validate

_FACE_OPTIONS = ("source_face_position",)


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().parse(arguments))
    from roop.pipeline.people.saved_identity import make_identity

    output = _output(Path(values["name"]))
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
        use = f"{photos}; use it with `roop swap -s {values['name']}`"
        sys.stdout.write(f"{one_line(str(output))}\n{one_line(use)}\n")
    return 0


def _output(name: Path) -> Path:
    """Return the file to write for a bare name or a path; make the user's folder if needed."""
    from roop.media.pictures.identity_file import SUFFIX, identity_path, make_identities_folder

    if name.suffix != SUFFIX and (len(name.parts) != 1 or name.suffix):
        raise UsageError(
            f"{name} is neither a name nor a file *{SUFFIX}",
            hint=f"give a name such as `alice`, or a file such as `alice{SUFFIX}`",
        )
    saved = identity_path(name.stem)
    output = name if name.suffix == SUFFIX else saved
    if output.parent == saved.parent:
        make_identities_folder()
    return output


def _position(values: dict[str, Any]) -> int | None:
    given = {name: values[name] for name in _FACE_OPTIONS if name in values}
    return validate(FaceOptions, given, spelling=flag_of).source_face_position


def _parser() -> Parser:
    parser = Parser(
        "roop identity",
        "Save the photos of a person under a name, for use as `roop swap -s NAME`.",
        usage="roop identity make NAME PHOTO... [options]",
        epilog="example: roop identity make alice front.jpg left.jpg right.jpg",
    )
    parser.add_argument("action", choices=["make"], metavar="make", help="save photos")
    parser.add_argument("name", metavar="NAME", help="a name, or a file *.identity")
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="photos, or folders of photos")
    parser.add_argument(
        "--force", action="store_true", help="overwrite an existing identity of that name"
    )
    add_flags(parser, "faces", FaceOptions, only=_FACE_OPTIONS)
    add_flags(parser, "machine", Settings, only=NETWORK_SETTINGS)
    add_output_flags(parser)
    return parser
