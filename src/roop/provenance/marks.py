"""The marks of one job: what its output says of itself, in every layer that its format has."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from roop.errors import MediaError
from roop.media.base import Marks
from roop.media.video.opening import read_tags
from roop.options import Settings
from roop.provenance.xmp import SOURCE_TYPE, Statement, merge_statement
from roop.provenance.xmp_files import add_xmp
from roop.types import Warn
from roop.version import VERSION


def make_marks(
    engine: str,
    models: tuple[str, ...],
    settings: Settings,
    warn: Warn,
    *,
    swaps: bool = True,
) -> Marks:
    """Return what the output of a job carries.

    Args:
        engine: The one that swaps, or the processor that did something else.
        models: The networks that take part, by their names in the catalogue.
        settings: Whose certificate signs.
        warn: Told what cannot be kept.
        swaps: False if no face was replaced.

    Raises:
        MediaError: The library that signs is not installed.
        UsageError: The person's own certificate cannot be used.
    """
    if find_spec("c2pa") is None:
        raise MediaError(
            "outputs cannot be signed: c2pa-python is not installed",
            hint="pip install c2pa-python; nothing is made without its marks",
        )
    statement = make_statement(engine, models, swaps=swaps)
    if settings.signing_certificate or settings.signing_key:
        from roop.provenance.credentials import check_signer
        from roop.provenance.signer import choose_signer

        check_signer(choose_signer(settings, warn), statement)
    note = f"{statement.sentence} {SOURCE_TYPE}"
    seal = _Seal(note, statement, settings, warn)
    return Marks(note=note, write=seal.seal)


def make_statement(engine: str, models: tuple[str, ...], *, swaps: bool = True) -> Statement:
    """Return what is said of an output of ``engine``."""
    sentence = (
        f"AI MODIFIED: a face in it was replaced with roop {VERSION}, engine {engine}."
        if swaps
        else f"AI MODIFIED: it was changed with roop {VERSION}, processor {engine}."
    )
    return Statement("roop", VERSION, engine, models, sentence)


@dataclass(frozen=True, slots=True)
class _Seal:
    """What is needed to complete a finished file's marks."""

    note: str
    statement: Statement
    settings: Settings
    warn: Warn

    def seal(self, path: Path) -> None:
        """Add the XMP packet, then the signature: it comes last, for it covers the others."""
        has_xmp = add_xmp(path, lambda packet: merge_statement(packet, self.statement))
        # Imported here: together they take a third of a second; the first frame need not wait.
        from roop.provenance.credentials import FORMATS

        if path.suffix.lower() in FORMATS:
            self._sign(path)
        elif not has_xmp and not self._has_note(path):
            self.warn(
                f"{path.suffix[1:].upper()} files have no place for marks: "
                "only the watermark says that the output was made with AI"
            )

    def _sign(self, path: Path) -> None:
        from roop.provenance.credentials import sign
        from roop.provenance.signer import choose_signer

        signer = choose_signer(self.settings, self.warn)
        try:
            sign(path, self.statement, signer)
        except MediaError:
            if signer.timestamp_server is None:
                raise
            # Hours of work are not thrown away because another machine does not answer.
            sign(path, self.statement, replace(signer, timestamp_server=None))
            self.warn(
                f"{signer.timestamp_server} gave no time stamp: the output is signed without one"
            )

    def _has_note(self, path: Path) -> bool:
        try:
            return any(self.note in text for text in read_tags(path).values())
        except MediaError:
            return False
