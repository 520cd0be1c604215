"""The command ``roop faces``."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import OF_NETWORKS, add_flags, flag_of
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.text import line
from roop.errors import UsageError
from roop.options import FaceOptions, Settings, VideoOptions
from roop.processors import installed
from roop.validation import validate

if TYPE_CHECKING:
    from roop.pipeline.people.scan import PeopleScan

_FACES = ("face_detector", "face_order", "similar_face_distance")
_VIDEO = ("start", "end")


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().read(arguments))
    sheet = values["output"]
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise UsageError(f"{sheet} must end in .png", hint="the picture of everybody is a PNG")
    scan = _census(values)
    from roop.pipeline.people.face_sheet import write_sheet, write_template

    if values["output"] is not None:
        write_sheet(values["output"], scan, force=values["force"])
    if values["template"] is not None:
        write_template(values["template"], scan, force=values["force"])
    if values["json"]:
        people = [dataclasses.asdict(person) for person in scan.people]
        body = {"target": str(scan.target), "people": people}
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    elif not values["quiet"]:
        sys.stdout.write("".join(f"{line(text)}\n" for text in _lines(scan, values)))
    return 0


def _census(values: dict[str, Any]) -> "PeopleScan":
    from roop.pipeline.people.scan import scan_people

    settings = Configuration.read(installed()).settings(values)
    faces = {name: values[name] for name in _FACES if name in values}
    video = {name: values[name] for name in _VIDEO if name in values}
    return scan_people(
        values["file"],
        settings,
        faces=validate(FaceOptions, faces, spelling=flag_of),
        video=validate(VideoOptions, video, spelling=flag_of),
        cancel=cancel_on_signals(),
    )


def _lines(scan: "PeopleScan", values: dict[str, Any]) -> Iterable[str]:
    yield f"{'position@frame':>14}  {'first frame':>11}  {'frames':>7}  {'size':>4}  frontality"
    for person in scan.people:
        name = f"{person.position}@{person.frame}"
        yield (
            f"{name:>14}  {person.first_frame:>11}  {person.frames:>7}  {person.size:>4}  "
            f"{person.frontality:.2f}"
        )
    yield ""
    if values["output"] is not None:
        yield f"their pictures are in {values['output']}"
    else:
        yield "-o FILE.png writes a picture of everybody"
    one = f"{scan.people[0].position}@{scan.people[0].frame}"
    target = shlex.quote(str(scan.target))
    yield "to replace the first of them:"
    yield f"roop swap --map PHOTO={one} -t {target} -o OUTPUT"


def _parser() -> Parser:
    parser = Parser("roop faces", "Say who is in a photo, an animation or a video.")
    parser.add_argument("file", type=Path, metavar="FILE", help="what is looked at")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write a PNG with everybody's picture"
    )
    parser.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="write a file for --map-file to fill in: TOML, or JSON by its name",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_flags(parser, "faces", FaceOptions, only=_FACES)
    add_flags(parser, "video", VideoOptions, only=_VIDEO)
    add_flags(parser, "machine", Settings, only=OF_NETWORKS)
    add_report(parser)
    return parser
