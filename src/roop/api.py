"""The public functions: swap, preview and live."""

import threading
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from typing_extensions import override

from roop.context_managers import Closing
from roop.job_request import make_job, make_live
from roop.options import FaceOrder, Job, NoFaceAction, Settings
from roop.pipeline.job import JobResult, JobRunner, run_job
from roop.pipeline.progress import Progress, Watch
from roop.processors import installed

if TYPE_CHECKING:  # they load many libraries
    from roop.pipeline.live.control import LiveControl
    from roop.pipeline.live.live_job import LiveResult
    from roop.pipeline.preview import Preview

__all__ = [
    "JobResult",
    "LiveSwapOptions",
    "Progress",
    "SwapOptions",
    "Swapper",
    "live",
    "make_job",
    "make_live",
    "swap",
]

AnyPath = str | PathLike[str]


class SwapOptions(TypedDict, total=False):
    """The options of ``roop swap``, under the names they have there."""

    engine: str
    face_shape: float
    swap_model: str | None
    pixel_boost: int | None
    mask: str | Sequence[str]
    mask_padding: Sequence[float]
    mask_blur: float
    mask_region: str | Sequence[str]
    occlusion_model: str
    region_model: str
    face_weight: float
    colour_match: float
    processor: str | Sequence[str]
    enhance: str | bool
    enhance_blend: float
    enhance_fidelity: float
    upscale: Literal[2, 4] | bool
    upscale_model: str
    many_faces: bool
    source_face_position: int | None
    reference_face_position: int | None
    reference_frame_number: int | None
    reference: str | PathLike[str] | None
    similar_face_distance: float
    face_detector: str
    face_order: FaceOrder
    map: Sequence[str | Mapping[str, Any]]
    map_file: str | PathLike[str] | None
    if_no_face: NoFaceAction
    output_video_encoder: str
    output_video_preset: str | None
    output_video_quality: int
    fps: float | None
    skip_audio: bool
    start: float | str | None
    end: float | str | None
    label: bool
    label_text: str
    label_corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"]
    label_seconds: float | None
    keep_frames: bool
    temp_frame_format: Literal["png", "jpg"]
    temp_frame_quality: int
    force: bool
    record: str | PathLike[str] | None


class LiveSwapOptions(SwapOptions, total=False):
    """The options of ``roop live``, under the names they have there."""

    input: str
    camera_size: str | None
    camera_fps: float | None
    camera_format: str | None
    camera_transport: Literal["tcp", "udp"]
    rotate: int
    mirror: bool
    serve: str
    record_video: str | PathLike[str] | None
    virtual_camera: str | None
    delay: int
    more_faces: Sequence[str | PathLike[str]]


def swap(
    source: AnyPath | Sequence[AnyPath],
    target: AnyPath,
    output: AnyPath,
    *,
    settings: Settings | None = None,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
    **options: Unpack[SwapOptions],
) -> JobResult:
    """Put the face of ``source`` into ``target`` and write the result to ``output``.

    Args:
        source: One photo of the new face, or several of the same person, from different
                sides; empty where ``map`` names the sources.
        target: A photo, an animation or a video.
        output: A file, or an existing folder.
        settings: Options of this machine; the defaults suit most.
        watch: Receives the progress a few times a second.
        cancel: Set it from another thread to stop.
        **options: As in ``roop swap --help``.

    Returns:
        What was made.

    Raises:
        RoopError: The swap failed; ``str(error)`` says why, ``error.hint`` what to do. Only the
            finished segments of a long video remain, and the same call resumes there.
    """
    registry = installed()
    job = make_job(_paths(source), Path(target), Path(output), options, registry)
    return run_job(job, settings or Settings(), registry, watch=watch, cancel=cancel)


class Swapper(Closing):
    """Puts one face into many targets: networks and photos are prepared once. A context manager.

        with roop.Swapper("face.jpg", many_faces=True) as swapper:
            for photo in photos:
                swapper.swap(photo, folder / photo.name)

    Calls from several threads run one after another.
    """

    def __init__(
        self,
        source: AnyPath | Sequence[AnyPath],
        *,
        settings: Settings | None = None,
        **options: Unpack[SwapOptions],
    ) -> None:
        """Prepare to swap; networks are loaded by the first call.

        Args:
            source: As for ``swap``.
            settings: Options of this machine; the defaults suit most.
            **options: As in ``roop swap --help``, for every target.
        """
        from roop.pipeline.stages.resources import PipelineResources  # loads many libraries

        self._sources = _paths(source)
        self._options = options
        self._registry = installed()
        self._lock = threading.Lock()
        settings = settings or Settings()
        self._resources = PipelineResources(settings, self._registry)
        self._runner = JobRunner(settings, self._registry, shared=self._resources)

    def swap(
        self,
        target: AnyPath,
        output: AnyPath,
        *,
        watch: Watch | None = None,
        cancel: threading.Event | None = None,
        **options: Unpack[SwapOptions],
    ) -> JobResult:
        """Put the face into ``target`` and write the result to ``output``.

        Args:
            target: A photo, an animation or a video.
            output: A file, or an existing folder.
            watch: Receives the progress a few times a second.
            cancel: Set it from another thread to stop.
            **options: Options that differ for this target.

        Returns:
            The output and what was counted.

        Raises:
            RoopError: As for ``swap``; the next call is not affected.
        """
        job = self._job(target, output, options)
        with self._lock:
            return self._runner.run(job, watch=watch, cancel=cancel)

    def preview(
        self,
        target: AnyPath,
        time_s: float = 0.0,
        *,
        cancel: threading.Event | None = None,
        **options: Unpack[SwapOptions],
    ) -> "Preview":
        """Swap one frame of ``target`` without writing a file.

        Args:
            target: A photo, an animation or a video.
            time_s: Which frame: the one shown at this time, in seconds from the beginning.
            cancel: Set it from another thread to stop.
            **options: Options that differ for this call.

        Returns:
            The frame before and after the swap, screened; the latter carries the label.

        Raises:
            RoopError: As for ``swap``.
        """
        from roop.pipeline.preview import preview_frame

        job = self._job(target, Path("preview"), options)
        with self._lock:
            return preview_frame(job, self._resources, time_s, cancel or threading.Event())

    @override
    def close(self) -> None:
        """Free the networks."""
        with self._lock:
            self._resources.close()

    def _job(self, target: AnyPath, output: AnyPath, options: SwapOptions) -> Job:
        values = {**self._options, **options}
        return make_job(self._sources, Path(target), Path(output), values, self._registry)


def live(
    source: AnyPath | Sequence[AnyPath],
    *,
    settings: Settings | None = None,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
    control: "LiveControl | None" = None,
    **options: Unpack[LiveSwapOptions],
) -> "LiveResult":
    """Put the face of ``source`` into what a camera shows, until it ends or ``cancel`` is set.

    Args:
        source: One photo of the new face, or several of the same person.
        settings: Options of this machine; the defaults suit most.
        watch: Receives the progress a few times a second, and the page's address at once.
        cancel: Set it from another thread to stop; the recording is kept.
        control: Changes the face, the mirror and more while it runs, and takes snapshots.
        **options: As in ``roop live --help``.

    Returns:
        What was shown, and its latency.

    Raises:
        RoopError: The swap failed; nothing is recorded.
    """
    from roop.pipeline.live.control import LiveControl
    from roop.pipeline.live.live_job import LiveTask, run_live

    control = control or LiveControl()
    registry = installed()
    job, where = make_live(_paths(source), options, registry)
    cancel = cancel or threading.Event()
    return run_live(LiveTask(job, where, settings or Settings(), registry, watch, cancel, control))


def _paths(source: AnyPath | Sequence[AnyPath]) -> list[Path]:
    sources = [source] if isinstance(source, str | PathLike) else source
    return [Path(path) for path in sources]
