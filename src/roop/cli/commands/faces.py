"""The command ``roop faces``: list the people in a photo or video."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import NETWORK_SETTINGS, add_flags, flag_of
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.text import one_line
from roop.errors import UsageError
from roop.options import FaceOptions, Settings, VideoOptions
from roop.processors import installed
from roop.validation import validate

if TYPE_CHECKING:
    from roop.pipeline.people.scan import PeopleScan

_FACE_OPTIONS = ("face_detector", "face_order", "similar_face_distance")
_VIDEO_OPTIONS = ("start", "end")


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().parse(arguments))
    sheet, template = values["output"], values["template"]
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise UsageError(f"{sheet} must end in .png", hint="the sheet of faces is a PNG image")
    scan = _scan(values)
    from roop.pipeline.people.face_sheet import write_sheet, write_template

    if sheet is not None:
        write_sheet(sheet, scan, force=values["force"])
    if template is not None:
        write_template(template, scan, force=values["force"])
    if values["json"]:
        people = [dataclasses.asdict(person) for person in scan.people]
        body = {"target": str(scan.target), "people": people}
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    elif not values["quiet"]:
        sys.stdout.write("".join(f"{one_line(text)}\n" for text in _lines(scan, sheet)))
    return 0


def _scan(values: dict[str, Any]) -> "PeopleScan":
    from roop.pipeline.people.scan import scan_people

    settings = Configuration.read(installed()).settings(values)
    faces = {name: values[name] for name in _FACE_OPTIONS if name in values}
    video = {name: values[name] for name in _VIDEO_OPTIONS if name in values}
    return scan_people(
        values["file"],
        settings,
        faces=validate(FaceOptions, faces, spelling=flag_of),
        video=validate(VideoOptions, video, spelling=flag_of),
        cancel=cancel_on_signals(),
    )


def _lines(scan: "PeopleScan", sheet: Path | None) -> Iterable[str]:
    yield f"{'position@frame':>14}  {'first frame':>11}  {'frames':>7}  {'size':>4}  frontality"
    for person in scan.people:
        name = f"{person.position}@{person.frame}"
        yield (
            f"{name:>14}  {person.first_frame:>11}  {person.frames:>7}  {person.size:>4}  "
            f"{person.frontality:.2f}"
        )
        for fault in person.faults:
            yield f"{'':>14}  as a source: {fault.text}"
    yield ""
    if sheet is not None:
        yield f"their faces are in {sheet}"
    else:
        yield "to see their faces, write an image of them with -o FILE.png"
    first = f"{scan.people[0].position}@{scan.people[0].frame}"
    target = shlex.quote(str(scan.target))
    yield "to replace the first person:"
    yield f"roop swap --map PHOTO={first} -t {target} -o OUTPUT"


def _parser() -> Parser:
    parser = Parser(
        "roop faces",
        "List the people in a photo, an animation or a video.",
        usage="roop faces FILE [options]",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="photo, animation or video")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write a PNG image of everybody's face"
    )
    parser.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="write a mapping to fill in for --map-file: .toml or .json",
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    add_flags(parser, "faces", FaceOptions, only=_FACE_OPTIONS)
    add_flags(parser, "video", VideoOptions, only=_VIDEO_OPTIONS)
    add_flags(parser, "machine", Settings, only=NETWORK_SETTINGS)
    add_output_flags(parser)
    return parser
