"""What a person may set: ``Settings`` once per machine, ``Job`` once per piece of work."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Base of everything a person may set: validated once, then read-only."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(Options):
    """One processor of a job, by name."""

    processor: str
    options: dict[str, Any] = Field(default_factory=dict)
    """Validated against the processor's own options class when the job is built."""


class FaceOptions(Options):
    """Which face is taken from the source and which faces of the target are replaced."""

    source_face_position: int | None = Field(
        None, ge=0, description="which face of a source photo with several, from the left, from 0"
    )
    many_faces: bool = Field(False, description="replace every face, not only the largest")


class VideoOptions(Options):
    """How a video output is written."""

    output_video_encoder: str = Field("libx264", description="video encoder, see `roop doctor`")
    output_video_preset: str | None = Field(
        None, description="the encoder's own preset name; a fast one by default"
    )
    output_video_quality: int = Field(
        35, ge=0, le=100, description="0 is the best picture, 100 the smallest file"
    )
    fps: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="frames per second of the output; the target's own times by default"
    )
    skip_audio: bool = Field(False, description="leave the sound out")
    start: Annotated[float, Field(ge=0)] | None = Field(
        None, description="begin here, in seconds or h:mm:ss"
    )
    end: Annotated[float, Field(gt=0)] | None = Field(
        None, description="stop here, in seconds or h:mm:ss"
    )


class Job(Options):
    """One piece of work. Plain data: the same value serves terminal, HTTP, queue and log."""

    sources: tuple[Path, ...] = Field(min_length=1)
    target: Path
    output: Path
    """A file, or an existing folder for a name made of the source's and the target's."""
    steps: tuple[Step, ...] = Field(default=(Step(processor="mesh"),), min_length=1)
    faces: FaceOptions = FaceOptions()
    video: VideoOptions = VideoOptions()
    force: bool = Field(False, description="replace the output if it exists")


class Settings(Options):
    """The machine: where models live and what may run. Never changes after start."""

    models: Path | None = Field(None, description="folder of downloaded models")
    offline: bool = Field(False, description="never download anything")
