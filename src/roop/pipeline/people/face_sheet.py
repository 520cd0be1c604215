"""Write the people of a target as a contact sheet, or as a mapping to fill in."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.pipeline.people.scan import PICTURE, FoundPerson, PeopleScan

_COLUMNS = 5
_GAP = 10
_LINES = 44
"""Height of the two lines under an image, pixels."""

_PAPER, _INK = (24, 24, 24), (235, 235, 235)


def write_sheet(path: Path, scan: PeopleScan, *, force: bool) -> None:
    """Write a PNG with an image of every person and how to name them.

    Raises:
        UsageError: The file exists.
        MediaError: It cannot be written.
    """
    count = len(scan.people)
    columns, rows = min(count, _COLUMNS), -(-count // _COLUMNS)
    step = (PICTURE + _GAP, PICTURE + _LINES + _GAP)
    sheet = Image.new("RGB", (columns * step[0] + _GAP, rows * step[1] + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for number, (person, picture) in enumerate(zip(scan.people, scan.pictures, strict=True)):
        left = _GAP + number % _COLUMNS * step[0]
        top = _GAP + number // _COLUMNS * step[1]
        sheet.paste(Image.fromarray(np.asarray(picture)), (left, top + PICTURE - len(picture)))
        text = f"{person.position}@{person.frame}\n{_when(person)}"
        draw.multiline_text((left, top + PICTURE + 2), text, _INK, font, spacing=2)
    with OutputFile(path, force=force) as file, writing(path, file.part):
        sheet.save(file.part, format="PNG")


def write_template(path: Path, scan: PeopleScan, *, force: bool) -> None:
    """Write a mapping file without sources, as JSON if its name ends in ``.json``, else as TOML.

    Raises:
        UsageError: The file exists.
        MediaError: It cannot be written.
    """
    text = _as_json(scan) if path.suffix.lower() == ".json" else _as_toml(scan)
    with OutputFile(path, force=force) as file, writing(path, file.part):
        file.part.write_text(text, encoding="utf-8")


def _as_toml(scan: PeopleScan) -> str:
    name = json.dumps(scan.target.name, ensure_ascii=False)
    blocks = [
        f"# Who is in {name}. Take the # away from those who get a face, and name its photo.\n"
    ]
    for person in scan.people:
        blocks.append(
            f"# {_when(person)}, {person.size} pixels\n"
            "# [[person]]\n"
            '# source = "photo.jpg"\n'
            f"# position = {person.position}\n"
            f"# frame = {person.frame}\n"
        )
    return "\n".join(blocks)


def _as_json(scan: PeopleScan) -> str:
    people = [{"source": [], "position": p.position, "frame": p.frame} for p in scan.people]
    return json.dumps({"person": people}, indent=2) + "\n"


def _when(person: FoundPerson) -> str:
    seconds = int(person.first_s)
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"from {clock}, {person.frames} frame{'s' if person.frames != 1 else ''}"
