"""The marks of one job's output: a note, XMP and a signature, as far as its format allows."""

from dataclasses import KW_ONLY, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from roop.errors import MediaError
from roop.media.base import Marks
from roop.media.video.opening import read_tags
from roop.options import LabelOptions, Settings
from roop.provenance.xmp import SOURCE_TYPE, Statement, merge_statement
from roop.provenance.xmp_files import add_xmp
from roop.types import Warn
from roop.version import VERSION

WITHOUT_MARKS = frozenset(
    {".bmp", ".dib", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob", ".m2v", ".m1v", ".dv"}
)
"""Extensions of files that hold neither tags nor XMP nor a signature."""


def with_visible_label(options: LabelOptions, output: Path, warn: Warn) -> LabelOptions:
    """Return the options of an output's label, which is always there if nothing else fits.

    The watermark alone is not enough: in small faces it cannot be read back.
    """
    if output.suffix.lower() not in WITHOUT_MARKS:
        return options
    forced = options.model_copy(update={"label": True, "label_seconds": None})
    if forced != options:
        warn(
            f"{output.suffix[1:].upper()} files cannot carry marks: "
            "every frame gets the visible label"
        )
    return forced


def make_marks(
    engine: str,
    models: tuple[str, ...],
    settings: Settings,
    warn: Warn,
    *,
    swaps: bool = True,
    labelled: bool = False,
) -> Marks:
    """Return the marks of a job's output.

    Args:
        engine: The engine, or the processor of a job that swaps nothing.
        models: Catalogue names of the networks used.
        settings: The certificate to sign with.
        warn: Called with a message if a mark is missing.
        swaps: False if no face is replaced.
        labelled: True if every frame carries the visible label.

    Raises:
        MediaError: c2pa-python is not installed.
        UsageError: The user's certificate cannot be used.
    """
    if find_spec("c2pa") is None:
        raise MediaError(
            "outputs cannot be signed: c2pa-python is not installed",
            hint="pip install c2pa-python; roop makes no unmarked outputs",
        )
    statement = make_statement(engine, models, swaps=swaps)
    if settings.signing_certificate or settings.signing_key:
        from roop.provenance.credentials import check_signer
        from roop.provenance.signer import choose_signer

        check_signer(choose_signer(settings, warn), statement)
    note = f"{statement.sentence} {SOURCE_TYPE}"
    writer = _MarkWriter(note, statement, settings, warn, labelled=labelled)
    return Marks(note=note, write=writer.write)


def make_statement(engine: str, models: tuple[str, ...], *, swaps: bool = True) -> Statement:
    """Return the statement about an output of ``engine``."""
    sentence = (
        f"AI MODIFIED: a face in it was replaced with roop {VERSION}, engine {engine}."
        if swaps
        else f"AI MODIFIED: it was changed with roop {VERSION}, processor {engine}."
    )
    return Statement("roop", VERSION, engine, models, sentence)


@dataclass(frozen=True, slots=True)
class _MarkWriter:
    """Adds the marks to a finished file."""

    note: str
    statement: Statement
    settings: Settings
    warn: Warn
    _: KW_ONLY
    labelled: bool

    def write(self, path: Path) -> None:
        """Add the XMP packet, then the signature, which covers all other marks.

        Raises:
            MediaError: The file carries no mark that can be read back.
        """
        has_xmp = add_xmp(path, self._merge)
        # Imported here: it takes a third of a second, which would delay the first frame.
        from roop.provenance.credentials import FORMATS

        if path.suffix.lower() in FORMATS:
            self._sign(path)
        elif not (self.labelled or has_xmp or self._has_note(path) or _is_watermarked(path)):
            raise MediaError(
                f"{path.suffix[1:].upper()} files cannot carry marks, and the faces are too small "
                "for the watermark",
                hint="add the label with [[label=True]], or name the output .mp4 or .png",
            )

    def _merge(self, packet: bytes, room: int) -> bytes:
        return merge_statement(packet, self.statement, room, self.warn)

    def _sign(self, path: Path) -> None:
        from roop.provenance.credentials import sign
        from roop.provenance.signer import choose_signer

        signer = choose_signer(self.settings, self.warn)
        try:
            sign(path, self.statement, signer)
        except MediaError:
            if signer.timestamp_server is None:
                raise
            # A server that does not answer must not cost hours of work.
            sign(path, self.statement, replace(signer, timestamp_server=None))
            self.warn(
                f"{signer.timestamp_server} gave no time stamp: the output is signed without one"
            )

    def _has_note(self, path: Path) -> bool:
        try:
            return any(self.note in text for text in read_tags(path).values())
        except MediaError:
            return False


def _is_watermarked(path: Path) -> bool:
    """Return True if the watermark is found in a finished file."""
    # Imported here: few outputs need it, and it loads the networks for faces.
    from roop.provenance.search import WatermarkSearch
    from roop.provenance.watermark import DETECTION_THRESHOLD

    score = WatermarkSearch().score(path)
    return score is not None and score >= DETECTION_THRESHOLD
