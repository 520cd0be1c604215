"""What a processor is, and the registry that finds one by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from roop.errors import UsageError
from roop.options import Options, Settings, Step
from roop.validation import Spelling, validate

if TYPE_CHECKING:  # numpy would double the time that `roop swap --help` takes
    from roop.models.loader import Models
    from roop.types import AnalysedFrame, Identity

OptionsT = TypeVar("OptionsT", bound=Options)
"""The options type of a processor."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a processor may use besides its own options."""

    settings: Settings
    identities: tuple[Identity, ...] = ()
    """The new faces; ``Face.identity`` is an index into them."""
    models: Models | None = None
    """The job's loader, which records what was loaded."""
    single_face: bool = False
    """True if the whole job is one face of one image."""

    def model_loader(self) -> Models:
        """Return the job's loader of networks, or a new one."""
        from roop.models.loader import Models

        return self.models or Models(self.settings)


class Processor(Protocol):
    """One step of a pipeline; derive from it. It may keep state between calls, until ``reset``."""

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        """Edit consecutive frames in place and return them, in order, with their faces."""
        ...

    def observe(self, analysed: AnalysedFrame, frame_count: int) -> None:
        """Learn from a frame that is not part of the output.

        A segment of a long video starts with an empty state. It is shown some of the frames before
        its own, so that the state is about the same as if the video had been processed in one go.

        Args:
            analysed: The frame; not to be edited.
            frame_count: How many frames of the video it stands for, skipped ones included.
        """
        return  # optional: not every processor keeps state

    def reset(self) -> None:
        """Forget all earlier frames: the next one does not follow them.

        Called before each segment, so that its output does not depend on what was processed before.
        """
        return  # optional, like observe


def run_processor(
    processor: Processor, analysed_frames: Sequence[AnalysedFrame]
) -> Sequence[AnalysedFrame]:
    """Process frames, and check that the same ones come back.

    Raises:
        UsageError: The processor returned other frames, which nobody has screened.
    """
    done = processor.process(analysed_frames)
    if [id(one.frame) for one in done] != [id(one.frame) for one in analysed_frames]:
        raise UsageError(
            f"the processor {type(processor).__name__} did not return the frames that it was given",
            hint="it must edit them in place: other frames are neither screened nor marked",
        )
    return done


@dataclass(frozen=True, slots=True)
class ProcessorSpec(Generic[OptionsT]):
    """An entry of the registry: what is known about a processor before it is built."""

    name: str
    summary: str
    """One line of help."""
    options: type[OptionsT]
    build: Callable[[OptionsT, Context], Processor]
    """Builds the processor; imports heavy libraries only when called."""
    engine: bool = False
    """True if it swaps faces, so that ``--engine`` may choose it."""
    scale: Callable[[OptionsT], int] = lambda options: 1
    """Returns the factor by which it enlarges frames."""
    batch_size: Callable[[Settings], int] = lambda settings: 1
    """Returns how many frames it works on at once most efficiently on this machine."""
    models: Callable[[OptionsT, Settings], tuple[str, ...]] = lambda options, settings: ()
    """Returns the catalogue's names of the networks that it runs."""
    missing: Callable[[Settings], str | None] = lambda settings: None
    """Returns one line on what it lacks on this machine and how to get it; None if nothing."""

    def create(self, options: dict[str, Any], context: Context) -> Processor:
        """Validate ``options`` and build the processor.

        Raises:
            UsageError: An option is wrong, or an engine has no source photo.
        """
        if self.engine and not any(identity.portraits for identity in context.identities):
            raise UsageError(
                f"the engine {self.name} needs a source photo", hint="name one with [[source]]"
            )
        return self.build(self.parse(options), context)

    def parse(self, options: dict[str, Any], *, spelling: Spelling = str) -> OptionsT:
        """Validate ``options``.

        Raises:
            UsageError: An option is unknown or out of range.
        """
        return validate(self.options, options, spelling=spelling)


_GPU_BATCH_SIZE = 8
"""On a graphics card, which runs a network on eight faces in little more time than on one."""


def network_batch_size(settings: Settings) -> int:
    """Return the ``batch_size`` of processors that run networks on faces."""
    from roop.models.runtimes.loading import installed_providers
    from roop.models.runtimes.providers import CPU_PROVIDERS, providers_to_try

    first = providers_to_try(settings, installed_providers())[0]
    return 1 if first in CPU_PROVIDERS else _GPU_BATCH_SIZE


class Registry:
    """The available processors by name. Built at the edge and passed down; never global."""

    def __init__(self, specs: Iterable[ProcessorSpec[Any]]) -> None:
        self._specs: dict[str, ProcessorSpec[Any]] = {}
        for spec in specs:
            if spec.name in self._specs:
                raise ValueError(f"two processors are called {spec.name!r}")
            self._specs[spec.name] = spec

    def __iter__(self) -> Iterator[ProcessorSpec[Any]]:
        return iter(self._specs.values())

    def __getitem__(self, name: str) -> ProcessorSpec[Any]:
        try:
            return self._specs[name]
        except KeyError:
            hint = f"choose one of: {', '.join(self._specs)}"
            raise UsageError(f"there is no processor {name!r}", hint=hint) from None

    def engine(self, name: str) -> ProcessorSpec[Any]:
        """Return the engine called ``name``.

        Raises:
            UsageError: There is none.
        """
        engines = [spec for spec in self if spec.engine]
        if name not in [spec.name for spec in engines]:
            hint = f"choose one of: {', '.join(spec.name for spec in engines)}"
            raise UsageError(f"there is no engine {name!r}", hint=hint)
        return self[name]

    def models(self, steps: Iterable[Step], settings: Settings) -> tuple[str, ...]:
        """Return the catalogue's names of the networks that ``steps`` run, each once."""
        specs = [(self[step.processor], step) for step in steps]
        names = [n for spec, step in specs for n in spec.models(spec.parse(step.options), settings)]
        return tuple(dict.fromkeys(names))

    def scale(self, steps: Iterable[Step]) -> int:
        """Return the factor by which ``steps`` together enlarge frames."""
        specs = [(self[step.processor], step) for step in steps]
        return prod(spec.scale(spec.parse(step.options)) for spec, step in specs)

    def batch_size(self, steps: Iterable[Step], settings: Settings) -> int:
        """Return the largest batch size among ``steps``."""
        return max(self[step.processor].batch_size(settings) for step in steps)

    def build(self, steps: Iterable[Step], context: Context) -> list[Processor]:
        """Build the processors of ``steps`` in order."""
        return [self[step.processor].create(step.options, context) for step in steps]
