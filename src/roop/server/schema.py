"""Requests and responses of the API."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roop.jobs.queued_job import State
from roop.server.responses.problems import Problem
from roop.studio.clips import LONGEST_S

ItemT = TypeVar("ItemT")

MediaId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["0" * 32])]

Options = dict[str, Any]
"""Options of ``roop swap``, validated when a job is made. The schema lists them as ``JobOptions``,
because they depend on the installed processors."""

WITH_OPTIONS = ("DraftInput", "JobInput", "LiveInput")
"""Models below that have options."""


class Input(BaseModel):
    """Base of requests; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(BaseModel, Generic[ItemT]):
    """A page of a list, newest items first."""

    items: list[ItemT]
    next: str | None = Field(None, description="the cursor of the next page; none at the end")


class Session(BaseModel):
    """Whether the client may use the server."""

    authenticated: bool
    token_required: bool
    version: str


class TokenInput(Input):
    """The token of the server."""

    token: str


class Media(BaseModel):
    """An uploaded photo, animation or video."""

    id: MediaId
    name: str = Field(description="the name it was uploaded with")
    kind: Literal["image", "animation", "video"]
    width: int
    height: int
    frames: int | None = Field(description="of some videos an estimate")
    fps: float | None
    duration_s: float | None
    codec: str
    bytes: int
    created: datetime
    expires: datetime = Field(description="when it is deleted, unless an unfinished job uses it")
    content: str = Field(description="address of the file itself")


class AssignmentInput(Input):
    """The new face of one person of the target."""

    sources: list[MediaId] = Field(
        min_length=1, description="photos of the new face, or saved identities"
    )
    frame: int | None = Field(None, ge=0, description="the frame in which `position` counts")
    position: int | None = Field(None, ge=0, description="the person's place in that frame")
    reference: MediaId | None = Field(None, description="or a photo of that person")

    @model_validator(mode="after")
    def _one_person(self) -> "AssignmentInput":
        if (self.reference is None) == (self.position is None):
            raise ValueError("each assignment needs a position in a frame, or a reference")
        if (self.position is None) != (self.frame is None):
            raise ValueError("a `position` needs the `frame` in which it counts")
        return self


class DraftInput(Input):
    """A target, its new faces, and options."""

    target: MediaId
    sources: list[MediaId] = Field(
        [],
        description="photos of the new face or saved identities, for people without an assignment",
    )
    assignments: list[AssignmentInput] = []
    options: Options = {}


class JobInput(DraftInput):
    """A new job."""

    name: str | None = Field(
        None, max_length=200, description="name of the result, without an extension"
    )


class PreviewInput(Input):
    """A frame to preview."""

    draft: DraftInput
    time_s: float = Field(0, ge=0, le=1e6, description="seconds from the beginning of the target")
    viewer: str = Field(
        "", max_length=64, description="a newer request with the same value cancels this one"
    )


class ClipInput(Input):
    """A few seconds to preview."""

    draft: DraftInput
    start_s: float = Field(0, ge=0, le=1e6, description="seconds from the beginning of the target")
    seconds: float = Field(3, gt=0, le=LONGEST_S, description="shortened where frames are large")
    viewer: str = Field(
        "",
        max_length=64,
        description="a newer request, also for a frame, with the same value cancels this one",
    )


class LiveInput(Input):
    """A live swap of the client's frames, or of a camera of the server."""

    camera: str | None = Field(None, max_length=200, description="its name in the capabilities")

    sources: list[MediaId] = []
    assignments: list[AssignmentInput] = []
    options: Options = {}


class LiveChange(Input):
    """What to change of a live swap; what is left out stays."""

    sources: list[MediaId] | None = Field(None, description="photos of another new face")
    assignments: list[AssignmentInput] | None = Field(
        None, description="other people, by reference photo; replaces sources and assignments"
    )
    many_faces: bool | None = Field(None, description="swap everybody")
    mirror: bool | None = Field(None, description="swap left and right")
    record: bool | None = Field(None, description="begin or end a recording; see the captures")
    still: bool = Field(False, description="save the next frame; see the captures")
    label_corner: Literal["top-left", "top-right", "bottom-right", "bottom-left"] | None = None


class StageView(BaseModel):
    """One stage of a live swap, over its last 300 frames."""

    fps: float
    time_ms: float | None = Field(description="median time that a frame spent in it")
    time_p95_ms: float | None
    time_p99_ms: float | None
    dropped: int = Field(description="frames dropped before it since the start")


class LiveMeasurements(BaseModel):
    """The measurements of a live swap, over its last 300 frames."""

    fps: float
    latency_ms: float | None = Field(description="median, from a frame's arrival to its sending")
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    shown: int
    stages: dict[str, StageView] = Field(
        description="camera (waiting to be processed), swap, screen, client "
        "(encoding and sending), captures (recordings and stills)"
    )


class LiveView(BaseModel):
    """A live swap that runs."""

    id: str
    camera: str | None = Field(description="the server's camera; null for the client's frames")
    started: datetime
    many_faces: bool
    mirror: bool
    label_corner: str
    statistics: LiveMeasurements


class LiveList(BaseModel):
    """The live swaps that run."""

    items: list[LiveView]


class FaceFound(BaseModel):
    """A face in a frame."""

    box: tuple[int, int, int, int] = Field(description="x0, y0, x1, y1 in pixels of the target")
    position: int = Field(description="its position in this frame")
    person: int | None = Field(
        description="index into the target's people, if it is one of those found so far"
    )
    warnings: list[str] = Field([], description="why this face makes a poor source, in short")
    behind: bool = Field(
        False, description="far behind others: it does not count in a source photo"
    )
    score: float | None = Field(
        None,
        description="how well it serves as a source, 0 to 1: the best photo has the highest",
    )


class FacesFound(BaseModel):
    """The faces of a frame."""

    frame: int
    width: int
    height: int
    faces: list[FaceFound]


class PersonFound(BaseModel):
    """A person in a target; `frame` and `position` identify them in an assignment."""

    frame: int = Field(description="where the face shows best")
    position: int
    first_frame: int
    first_s: float
    frames: int
    size: int = Field(description="height of the face in that frame, pixels")
    frontality: float
    picture: str = Field(description="address of a picture of the face")


class PeopleFound(BaseModel):
    """The people in a target."""

    state: Literal["searching", "done", "failed"]
    people: list[PersonFound]
    error: Problem | None = None


class PreviewView(BaseModel):
    """A frame before and after the swap, screened and labelled."""

    id: str
    before: str = Field(description="address of a JPEG")
    after: str
    time_s: float
    width: int
    height: int
    faces: list[tuple[int, int, int, int]] = Field(description="where faces were replaced")
    visible_faces: int
    warnings: list[str]


class JobProgress(BaseModel):
    """The progress of a job."""

    frames: int
    total: int | None
    swapped: int
    faces: int
    seen: int
    resumed: int = Field(description="frames of those that were finished before this run")
    elapsed_s: float
    fps: float
    left_s: float | None = Field(description="estimated time left")
    note: str | None = None
    activity: str | None = None


class SourceFault(BaseModel):
    """Why a photo makes a poor source."""

    code: str
    text: str


class SourceJudged(BaseModel):
    """A source photo, and how well it serves."""

    photo: str = Field(description="its name")
    score: float = Field(description="0 to 1, from size, sharpness, pose, light and expression")
    best: bool = Field(description="true if it is the best of several photos of one face")
    faults: list[SourceFault]


class PersonReplaced(BaseModel):
    """One of several people who were replaced in turn."""

    frames: int = Field(description="frames in which this person was replaced")
    time_s: float = Field(description="time of the frame that shows the face best")
    frame: int | None = Field(description="number of that frame; null if unknown")
    position: int | None = Field(description="position of the face in it, as assignments take it")


class JobSummary(BaseModel):
    """The result of a job in numbers."""

    frames: int
    swapped: int
    faces: int
    seen: int
    damaged: int
    screened: int
    resumed: int
    elapsed_s: float
    engine: str
    models: list[str]
    providers: list[str]
    warnings: list[str]
    replaced_people: list[PersonReplaced] = Field(
        [], description="who was replaced in turn, if nobody was chosen and they are several"
    )
    sources: list[SourceJudged] = Field([], description="the source photos")


class JobView(BaseModel):
    """A job of the queue."""

    id: str
    state: State
    origin: Literal["batch", "studio"] = Field(
        description="batch: from `roop batch`, which runs its jobs itself; studio: all others"
    )
    stopping: Literal["cancel", "pause"] | None = Field(description="the job is about to stop")
    name: str = Field(description="file name of the result")
    target: str = Field(description="name of the target")
    created: datetime
    started: datetime | None
    ended: datetime | None
    expires: datetime | None = Field(description="when the job and its result are deleted")
    progress: JobProgress | None
    summary: JobSummary | None
    error: Problem | None
    request: Mapping[str, Any] | None = Field(description="the request that created it")
    result: str | None = Field(description="address of the output, once it exists")


def moment(seconds: float | None) -> datetime | None:
    """Convert seconds since 1970 to a time."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
