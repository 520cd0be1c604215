"""All user options: ``Settings`` for the machine, ``Job`` for one piece of work."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from roop.option_values import (
    parse_assignment,
    parse_cluster,
    parse_duration,
    parse_provider,
    parse_time,
)

Seconds = Annotated[float, BeforeValidator(parse_time)]
"""A time in seconds: 83.5, or as a string "1:23.5"."""


class Options(BaseModel):
    """Base of all options: validated once, then read-only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Step(Options):
    """One processor of a job."""

    processor: str
    options: dict[str, Any] = Field(default_factory=dict)
    """Validated against the processor's own options class when the job is built."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str | Path) else value


NAME_PATTERN = "{source}-{target}{ext}"
"""Default name of an output when only a folder is given."""


class Assignment(Options):
    """One person in the target and the face that replaces theirs."""

    source: Annotated[tuple[Path, ...], BeforeValidator(_as_tuple)] = Field(min_length=1)
    """Photos of the new face, a folder of photos, or a saved identity."""
    position: int | None = Field(None, ge=0)
    """The person to replace: position in ``frame``, counted as ``face_order`` says, from 0."""
    frame: int | None = Field(None, ge=0)
    """The frame that ``position`` refers to; the first with a face by default."""
    reference: Path | None = None
    """The person to replace: a photo of them."""

    @model_validator(mode="after")
    def _check_person(self) -> Self:
        if (self.position is None) == (self.reference is None):
            raise ValueError("each person needs either a position or a reference")
        if self.frame is not None and self.position is None:
            raise ValueError("a frame has no effect without a position")
        return self


FaceOrder = Literal["left-right", "right-left", "top-bottom", "bottom-top", "large-small"]
"""The order in which the faces of a frame are numbered."""


NoFaceAction = Literal["copy", "skip", "error"]
"""What to do with a frame in which no face is replaced: copy it, leave it out, or stop."""


class FaceOptions(Options):
    """Which face to take from the source and which faces of the target to replace."""

    source_face_position: int | None = Field(
        None,
        ge=0,
        description="position of the face to use in a source photo that shows several, from the "
        "left, from 0",
    )
    many_faces: bool = Field(False, description="replace all faces, not only the largest")
    reference_face_position: int | None = Field(
        None,
        ge=0,
        description="replace only the person at this position in the reference frame, from 0",
    )
    reference_frame_number: int | None = Field(
        None,
        ge=0,
        description="number of the reference frame, from 0; the first with a face by default",
    )
    reference: Path | None = Field(None, description="replace only the person in this photo")
    similar_face_distance: float = Field(
        0.85,
        gt=0,
        le=4,
        description="replace faces up to this distance from the chosen person's; lower is stricter",
    )
    face_detector: str = Field(
        "blazeface",
        description="face detector: blazeface (built in), scrfd, yunet, or a model listed by "
        "`roop models list`",
    )
    face_order: FaceOrder = Field("left-right", description="order in which to number faces")
    map: tuple[Annotated[Assignment, BeforeValidator(parse_assignment)], ...] = Field(
        (),
        description="give each person a face of their own: SOURCE=POSITION, SOURCE=POSITION@FRAME "
        "or SOURCE=PHOTO; nobody else is replaced",
    )
    map_file: Path | None = Field(
        None,
        description="read the mapping from a TOML or JSON file; `roop faces` writes a template",
    )
    if_no_face: NoFaceAction = Field(
        "copy", description="what to do with frames in which no face is replaced"
    )

    @property
    def mapped(self) -> bool:
        """True if people are mapped to faces one by one."""
        return bool(self.map) or self.map_file is not None

    @property
    def by_position(self) -> bool:
        """True if the person to replace is given by position in a frame."""
        given = (self.reference_face_position, self.reference_frame_number)
        return self.reference is None and any(value is not None for value in given)

    @property
    def selective(self) -> bool:
        """True if chosen people are replaced, instead of everyone or the largest face."""
        return self.mapped or self.by_position or self.reference is not None

    @model_validator(mode="after")
    def _check_conflicts(self) -> Self:
        names = ("reference", "reference_face_position", "reference_frame_number")
        given = [name for name in names if getattr(self, name) is not None]
        if given and self.many_faces:
            raise ValueError(f"`{given[0]}` has no effect with `many_faces`")
        if given and self.mapped:
            raise ValueError(f"`{given[0]}` has no effect with a mapping")
        if self.reference is not None and self.reference_frame_number is not None:
            raise ValueError("`reference_frame_number` has no effect with `reference`")
        return self


class VideoOptions(Options):
    """How to encode a video output."""

    output_video_encoder: str = Field(
        "libx264", description="video encoder; `roop doctor` lists them"
    )
    output_video_preset: str | None = Field(
        None, description="preset of that encoder; a fast one by default"
    )
    output_video_quality: int = Field(
        35, ge=0, le=100, description="quality, from 0 (best) to 100 (smallest file)"
    )
    fps: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="frame rate of the output; the target's frame times by default"
    )
    skip_audio: bool = Field(False, description="leave out the audio")
    start: Annotated[Seconds, Field(ge=0)] | None = Field(
        None, description="start at this time of the target, in seconds or h:mm:ss"
    )
    end: Annotated[Seconds, Field(gt=0)] | None = Field(
        None, description="stop at this time of the target, in seconds or h:mm:ss"
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"`end` ({self.end:g} s) must come after `start` ({self.start:g} s)")
        return self


class LabelOptions(Options):
    """The visible label."""

    label: bool = Field(False, description="add a visible label to a corner of the output")
    label_text: str = Field(
        "AI MODIFIED", min_length=1, max_length=80, description="text beside AI MODIFIED"
    )
    label_corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = Field(
        "bottom-left", description="corner of the label"
    )
    label_seconds: Annotated[float, Field(ge=2)] | None = Field(
        None, description="seconds to show the label, from the start; throughout by default"
    )

    @model_validator(mode="after")
    def _check_label(self) -> Self:
        for name, field in type(self).model_fields.items():
            if not self.label and getattr(self, name) != field.default:
                raise ValueError(f"`{name}` has no effect without `label`")
        return self


class FrameOptions(Options):
    """The frames of a finished output, as image files."""

    keep_frames: bool = Field(
        False, description="also save each frame of the output as an image, in a folder beside it"
    )
    temp_frame_format: Literal["png", "jpg"] = Field(
        "png", description="image format of these frames"
    )
    temp_frame_quality: int = Field(
        0, ge=0, le=100, description="quality of jpg frames, from 0 (best) to 100 (smallest file)"
    )


class Job(Options):
    """One piece of work, as plain data: the command line, a queue and a record share it."""

    sources: tuple[Path, ...] = ()
    """Photos of the new face, folders of photos, or saved identities; may be empty with a mapping
    or without a swap."""
    more_sources: tuple[Path, ...] = ()
    """Faces that a live swap can change to, each a photo, a folder or a saved identity."""
    target: Path
    output: Path
    """A file, or an existing folder; its file is then named after source and target."""
    steps: tuple[Step, ...] = Field(default=(Step(processor="mesh"),), min_length=1)
    faces: FaceOptions = FaceOptions()
    video: VideoOptions = VideoOptions()
    label: LabelOptions = LabelOptions()
    frames: FrameOptions = FrameOptions()
    force: bool = Field(False, description="replace the output if it exists")
    record: Path | None = Field(
        None, description="write a JSON record of the job: digests, options, models, versions"
    )

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        if self.sources and self.faces.mapped and not self.faces.many_faces:
            raise ValueError(
                "a source has no effect with a mapping, which names its own sources; "
                "add `many_faces` to give it to everyone else"
            )
        return self


Provider = Literal["cpu", "cuda", "tensorrt", "coreml", "directml", "openvino", "rocm", "migraphx"]
"""What a neural network can run on: ONNX Runtime's execution providers, and OpenVINO."""


Precision = Literal["fp32", "fp16", "bf16"]
"""The numeric precision of a network."""


class Settings(Options):
    """Options of the machine: where models are stored and what they run on."""

    models: Path | None = Field(None, description="folder for downloaded models")
    offline: bool = Field(False, description="never download anything")
    licence: Literal["any", "permissive"] = Field(
        "any", description="permissive: reject models whose licence forbids commercial use"
    )
    execution_provider: tuple[Annotated[Provider, BeforeValidator(parse_provider)], ...] = Field(
        (),
        description="execution providers to try, in order: "
        + ", ".join(get_args(Provider))
        + "; the fastest by default",
    )
    strict_provider: bool = Field(
        False, description="fail if none of these providers works, instead of using the cpu"
    )
    execution_device_id: int = Field(0, ge=0, description="number of the graphics card, from 0")
    execution_threads: int | None = Field(
        None, ge=1, description="CPU threads per network; all cores by default"
    )
    execution_precision: Precision | None = Field(
        None, description="precision of neural networks; chosen by the provider by default"
    )
    max_memory: Annotated[float, Field(gt=0)] | None = Field(
        None, description="memory limit of a job, in gigabytes; all memory by default"
    )
    workers: int | None = Field(
        None,
        ge=1,
        description="processes that work on a long video; one per two cores by default",
    )
    cluster: Annotated[str, BeforeValidator(parse_cluster)] | None = Field(
        None,
        description="distribute long videos over a Ray cluster: ray://HOST:PORT, or auto for the "
        "cluster of this machine",
    )
    signing_certificate: Path | None = Field(
        None, description="PEM certificate chain to sign outputs with, instead of a local one"
    )
    signing_key: Path | None = Field(None, description="PEM private key of that certificate")
    timestamp_server: str | None = Field(
        None,
        pattern="^https?://",
        description="URL of a time-stamp server (RFC 3161) for signatures",
    )

    @property
    def network_memory(self) -> int | None:
        """Memory limit of all networks of a job, in bytes: three quarters of ``max_memory``.

        The rest is for the frames, the decoder and the encoder.
        """
        return None if self.max_memory is None else int(self.max_memory * 0.75e9)


class ShareOptions(Options):
    """Where to share outputs, for how long, and with which credentials."""

    model_config = ConfigDict(hide_input_in_errors=True)  # may contain secrets

    to: str | None = Field(
        None,
        description="destination: s3://BUCKET, supabase://PROJECT/BUCKET, gs://BUCKET or "
        "az://ACCOUNT/CONTAINER, optionally with /PREFIX, or file:///FOLDER",
    )
    expires: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(hours=24),
        description="lifetime of the link, such as 30m or 24h (default); 7d at most",
    )
    public: bool = Field(
        False, description="print the permanent public URL; the bucket must be public"
    )
    endpoint: str | None = Field(
        None,
        pattern="^https?://[^?#@]+$",
        description="URL of an S3-compatible store or a self-hosted Supabase, such as "
        "https://minio.example.org:9000",
    )
    region: str | None = Field(None, min_length=1, description="region of the bucket")
    public_address: str | None = Field(
        None,
        pattern=r"^https?://[^?#@]*\{name\}[^?#@]*$",
        description="pattern of public URLs, such as https://cdn.example.org/{name}",
    )
    access_key: SecretStr | None = Field(None, description="access key ID of the store")
    secret_key: SecretStr | None = Field(None, description="secret of the access key")
    session_token: SecretStr | None = Field(
        None, description="session token of temporary credentials"
    )

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        if self.access_key and not self.secret_key:
            raise ValueError("`access_key` needs `secret_key`, too")
        if self.session_token and not self.access_key:
            raise ValueError("`session_token` needs `access_key` and `secret_key`")
        return self


SECRETS = frozenset({"access_key", "secret_key", "session_token"})
"""Options of ``ShareOptions`` whose values are never printed and never given as flags."""
