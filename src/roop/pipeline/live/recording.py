"""A recording of a live swap that survives the end of its program, whatever that is."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from typing_extensions import override

from roop.errors import MediaError, RoopError
from roop.media.base import Marks
from roop.media.files.output_file import OutputFile
from roop.media.live.raw_recording import RawRecording
from roop.media.live.recorder import LiveRecorder
from roop.media.video.errors import muxing
from roop.options import Settings, VideoOptions
from roop.pipeline.segments.work_folder import WorkFolder
from roop.provenance.marks import make_marks
from roop.types import Warn
from roop.validation import validate


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What the marks of a live swap depend on."""

    engine: str
    models: tuple[str, ...]
    swaps: bool
    """False if no face is replaced."""

    def marks(self, settings: Settings, warn: Warn) -> Marks:
        """Return the marks of its recordings and snapshots.

        Raises:
            RoopError: Outputs cannot be signed.
        """
        models = tuple(self.models)  # a list if it was read from a file
        return make_marks(self.engine, models, settings, warn, swaps=self.swaps, labelled=True)


class Recording(LiveRecorder):
    """Keeps its frames in a work folder until the output is complete.

    Args:
        output: Its suffix selects the container.
        video: Encoder, preset, quality.
        force: Replace ``output`` if it exists.
        made_with: What the marks depend on.
        settings: The certificate to sign with.
        marks: The marks themselves.

    Raises:
        UsageError: The output exists, or container and encoder do not go together.
        MediaError: The output cannot be written.
    """

    def __init__(
        self,
        output: Path,
        video: VideoOptions,
        *,
        force: bool,
        made_with: MadeWith,
        settings: Settings,
        marks: Marks,
    ) -> None:
        for other in WorkFolder.recordings_of(output):
            InterruptedRecording(other).forget_if_empty()
        self._work = WorkFolder.for_recording(output)
        self._kept = False
        self._lock = ExitStack()
        self._lock.enter_context(self._work.locked())
        raw = RawRecording(self._work.path, self._work.authenticate)
        try:
            super().__init__(output, video, force=force, marks=marks, raw=raw)
            self._work.describe(
                {
                    "output": str(output.absolute()),
                    "recording": asdict(made_with),
                    "settings": settings.model_dump(mode="json"),
                }
            )
        except BaseException:
            self._leave()
            raise

    @override
    def commit(self) -> None:
        try:
            super().commit()
        except RoopError as error:
            error.add_hint("what was recorded is kept: `roop resume` completes it")
            self._kept = True
            raise

    @override
    def discard(self) -> None:
        super().discard()
        self._leave()

    def _leave(self) -> None:
        if not self._kept:
            self._work.discard()
        self._lock.close()


class InterruptedRecording:
    """A recording whose program has ended before it was complete.

    Args:
        work: Its folder.
    """

    def __init__(self, work: WorkFolder) -> None:
        self._work = work
        self._raw = RawRecording(work.path, work.authenticate)
        self._description = work.description()
        self.output = Path(str(self._description.get("output", "?")))
        """The file that it should have become."""

    def complete(self, warn: Warn, *, force: bool) -> None:
        """Make the output of what was recorded.

        Args:
            warn: Called with a message if a mark is missing.
            force: Replace the output if it exists.

        Raises:
            MediaError: Nothing was recorded, or the output cannot be written.
            UsageError: The output exists.
        """
        with self._work.locked():
            if not self._raw.has_frames:
                self._work.discard()
                raise MediaError(
                    f"nothing of {self.output} was recorded", hint="it is forgotten now"
                )
            settings = validate(Settings, self._description.get("settings", {}))
            made_with = MadeWith(**self._description["recording"])
            marks = made_with.marks(settings, warn)
            file = OutputFile(self.output, force=force, marks=marks, folder=self._work.path)
            with file, muxing(self.output, file.part):
                self._raw.copy_to(file.part, self.output, marks.note)
            self._work.discard()

    def forget_if_empty(self) -> None:
        """Remove the folder if nobody uses it and nothing was recorded."""
        if not self._work.is_locked and not self._raw.has_frames:
            self._work.discard()
