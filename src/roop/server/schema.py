"""What clients send and what they get, as the API's schema has it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roop.jobs.queued_job import State
from roop.server.problems import Problem

ItemT = TypeVar("ItemT")

MediaId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["0" * 32])]

Options = dict[str, Any]
"""Of ``roop swap``; checked when a job is made of them. What there are is in the schema as
``JobOptions``, which depends on the processors that are installed."""

WITH_OPTIONS = ("DraftSent", "JobSent", "LiveSent")
"""The models below that have options."""


class Sent(BaseModel):
    """Base of what clients send: a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(BaseModel, Generic[ItemT]):
    """A part of a list, the newest first."""

    items: list[ItemT]
    next: str | None = Field(None, description="the cursor of the next page; none at the end")


class Session(BaseModel):
    """Whether this client may use the server."""

    authenticated: bool
    token_required: bool
    version: str


class TokenSent(Sent):
    """A token, to be exchanged for a cookie."""

    token: str


class Media(BaseModel):
    """A photo, an animation or a video that was uploaded."""

    id: MediaId
    name: str = Field(description="what its owner calls it")
    kind: Literal["image", "animation", "video"]
    width: int
    height: int
    frames: int | None = Field(description="of some videos an estimate")
    fps: float | None
    duration_s: float | None
    codec: str
    bytes: int
    created: datetime
    expires: datetime = Field(description="when it is deleted unless a job needs it")
    content: str = Field(description="address of the file itself")


class AssignmentSent(Sent):
    """Which face one person of the target gets."""

    sources: list[MediaId] = Field(min_length=1, description="photos of the new face")
    frame: int | None = Field(None, ge=0, description="the frame in which `position` counts")
    position: int | None = Field(None, ge=0, description="the person's place in that frame")
    reference: MediaId | None = Field(None, description="or a photo of that person")

    @model_validator(mode="after")
    def _one_person(self) -> "AssignmentSent":
        if (self.reference is None) == (self.position is None):
            raise ValueError("each assignment needs a position in a frame, or a reference")
        if (self.position is None) != (self.frame is None):
            raise ValueError("a `position` needs the `frame` in which it counts")
        return self


class DraftSent(Sent):
    """What is chosen: who gets which face in which target, and how."""

    target: MediaId
    sources: list[MediaId] = Field(
        [], description="photos of the new face, for whoever is not in `assignments`"
    )
    assignments: list[AssignmentSent] = []
    options: Options = {}


class JobSent(DraftSent):
    """A job to be done."""

    name: str | None = Field(
        None, max_length=200, description="what to call the result, without an extension"
    )


class PreviewSent(Sent):
    """A frame to be shown before and after."""

    draft: DraftSent
    time_s: float = Field(0, ge=0, le=1e6, description="seconds from the beginning of the target")
    viewer: str = Field(
        "", max_length=64, description="a newer request of the same viewer stops this one"
    )


class LiveSent(Sent):
    """Who is swapped in the frames that follow, or in those of a camera of the server."""

    camera: str | None = Field(None, max_length=200, description="its name in the capabilities")

    sources: list[MediaId] = []
    assignments: list[AssignmentSent] = []
    options: Options = {}


class FaceFound(BaseModel):
    """A face in a frame."""

    box: tuple[int, int, int, int] = Field(description="x0, y0, x1, y1 in pixels of the target")
    position: int = Field(description="its place in this frame")
    person: int | None = Field(
        description="whose it is: an index into the target's people, as far as they are known"
    )


class FacesFound(BaseModel):
    """The faces of a frame."""

    frame: int
    width: int
    height: int
    faces: list[FaceFound]


class PersonFound(BaseModel):
    """A person of a target. `frame` and `position` name this person in an assignment."""

    frame: int = Field(description="where the face is best seen")
    position: int
    first_frame: int
    first_s: float
    frames: int
    size: int = Field(description="height of the face where it is best seen, pixels")
    frontality: float
    picture: str = Field(description="address of a picture of the face")


class PeopleFound(BaseModel):
    """Who is in a target."""

    state: Literal["searching", "done", "failed"]
    people: list[PersonFound]
    error: Problem | None = None


class Shown(BaseModel):
    """A frame before and after, screened and labelled."""

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
    """How far a job is."""

    frames: int
    total: int | None
    swapped: int
    faces: int
    seen: int
    resumed: int = Field(description="frames of those that were finished before this run")
    elapsed_s: float
    fps: float
    left_s: float | None = Field(description="about how long it will take still")
    note: str | None = None
    activity: str | None = None


class JobSummary(BaseModel):
    """What a job did."""

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


class JobShown(BaseModel):
    """A job of the queue."""

    id: str
    state: State
    origin: Literal["batch", "studio"] = Field(
        description="a `roop batch` does its jobs itself; all others are the server's and window's"
    )
    stopping: Literal["cancel", "pause"] | None = Field(description="what was asked of it")
    name: str = Field(description="of the result")
    target: str = Field(description="what its owner calls the target")
    created: datetime
    started: datetime | None
    ended: datetime | None
    expires: datetime | None = Field(description="when job and result are deleted")
    progress: JobProgress | None
    summary: JobSummary | None
    error: Problem | None
    request: Mapping[str, Any] | None = Field(description="what was asked for")
    result: str | None = Field(description="address of the output, once it is there")


def moment(seconds: float | None) -> datetime | None:
    """Return seconds since 1970 as a time."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
