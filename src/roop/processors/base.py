"""What a processor is, and how the rest of the package finds one."""

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
    """The faces that are given; ``Face.identity`` is an index into them."""
    models: Models | None = None
    """The job's own loader, which remembers what was loaded."""
    single: bool = False
    """True if one face of one picture is all there is to do."""

    def networks(self) -> Models:
        """Return what loads networks."""
        from roop.models.loader import Models

        return self.models or Models(self.settings)


class Processor(Protocol):
    """One step of a pipeline; derive from it. May keep state between calls, until ``reset``."""

    def process(self, scenes: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        """Edit the frames of ``scenes`` (consecutive, in order); return them with their faces."""
        ...

    def learn(self, scene: AnalysedFrame, frames: int) -> None:
        """Look at a scene that is not shown, for what is to be remembered of its faces.

        Args:
            scene: Before a segment of the target begins; not to be edited.
            frames: How many frames it stands for: those between are left out.
        """
        return  # a processor without a memory need not say so

    def reset(self) -> None:
        """Forget what was learnt of the frames so far: the next one does not follow the last.

        A film is swapped in segments, and each must come out the same whatever was done before it.
        """
        return  # nor one that remembers nothing


def applied(processor: Processor, scenes: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
    """Run a processor over ``scenes``, and hold it to what it promises.

    Raises:
        UsageError: It returned other frames than it was given: nobody has screened those.
    """
    done = processor.process(scenes)
    if [id(scene.frame) for scene in done] != [id(scene.frame) for scene in scenes]:
        raise UsageError(
            f"the processor {type(processor).__name__} did not return the frames that it was given",
            hint="it must edit them in place: other frames are neither screened nor marked",
        )
    return done


@dataclass(frozen=True, slots=True)
class ProcessorSpec(Generic[OptionsT]):
    """One entry of the registry: everything known about a processor before it is built."""

    name: str
    summary: str
    options: type[OptionsT]
    build: Callable[[OptionsT, Context], Processor]
    """Imports what is heavy only when called."""
    engine: bool = False
    """True if it swaps: it may follow ``--engine``."""
    stateless: bool = False
    """True if frames may be processed out of order."""
    scale: Callable[[OptionsT], int] = lambda options: 1
    """How many times as wide and as high its frames become."""
    batch: Callable[[Settings], int] = lambda settings: 1
    """How many frames it gains from having at once on this machine."""
    models: Callable[[OptionsT, Settings], tuple[str, ...]] = lambda options, settings: ()
    """The catalogue's names of the networks that it runs."""
    missing: Callable[[Settings], str | None] = lambda settings: None
    """Tells what keeps the processor from working on this machine, with the way out."""

    def built(self, options: dict[str, Any], context: Context) -> Processor:
        """Validate ``options`` and build the processor.

        Raises:
            UsageError: An option is wrong, or an engine has no source photo.
        """
        if self.engine and not any(identity.portraits for identity in context.identities):
            raise UsageError(
                f"the engine {self.name} needs a source photo", hint="name one with -s"
            )
        return self.build(self.parse(options), context)

    def parse(self, options: dict[str, Any], *, spelling: Spelling = str) -> OptionsT:
        """Validate ``options``.

        Raises:
            UsageError: An option is unknown or out of range.
        """
        return validate(self.options, options, spelling=spelling)


_FRAMES_AT_ONCE = 8
"""On a graphics card, which runs eight faces in little more time than one."""


def frames_at_once(settings: Settings) -> int:
    """Return how many frames a processor that runs networks on faces gains from having at once."""
    from roop.models.runtimes.loading import installed_providers
    from roop.models.runtimes.providers import CPU_PROVIDERS, providers_to_try

    first = providers_to_try(settings, installed_providers())[0]
    return 1 if first in CPU_PROVIDERS else _FRAMES_AT_ONCE


class Registry:
    """The processors of one program. Built at the edge and passed down; never global."""

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
        """Return how many times as wide and as high frames become on their way."""
        specs = [(self[step.processor], step) for step in steps]
        return prod(spec.scale(spec.parse(step.options)) for spec, step in specs)

    def batch(self, steps: Iterable[Step], settings: Settings) -> int:
        """Return how many frames the hungriest of ``steps`` wants at once."""
        return max(self[step.processor].batch(settings) for step in steps)

    def build(self, steps: Iterable[Step], context: Context) -> list[Processor]:
        """Build the processors of ``steps`` in order."""
        return [self[step.processor].built(step.options, context) for step in steps]
