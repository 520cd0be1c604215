"""The options: a few by hand, all others from their schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from roop.processors.base import Registry
from roop.studio.option_schema import schema_of
from roop.window.observable import Observable
from roop.window.selection import Line, Selection
from roop.window.texts import text

_ELSEWHERE = frozenset(
    (
        *("processor", "many_faces", "source_face_position"),
        *("reference_face_position", "reference_frame_number"),
        *("skip_audio", "fps", "label", "output_video_encoder", "output_video_quality"),
    )
)
"""Options that have a place of their own in the window."""

_TIMES = ("start", "end")
"""Options that may be written as h:mm:ss."""

Kind = Literal["switch", "choice", "several", "number", "text"]


@dataclass(frozen=True, slots=True)
class Field:
    """An option as a form shows it."""

    name: str
    label: str
    help: str
    kind: Kind
    default: Any
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    """A number without a fraction."""


class SettingsPresenter:
    """Reads and sets options.

    Args:
        selection: Holds the options.
        registry: The available processors.
    """

    def __init__(self, selection: Selection, registry: Registry) -> None:
        self.selection = selection
        self.options = selection.options
        self._registry = registry
        self._schema: Mapping[str, Any] = schema_of(registry)["properties"]
        self.problem: Observable[Line | None] = Observable(None)

    @property
    def enhanced(self) -> bool:
        """True if faces are sharpened after the swap."""
        return "enhance" in self.options.value.get("processor", ())

    def set_enhanced(self, on: bool) -> None:
        """Choose between the basic and the enhanced pipeline."""
        others = [name for name in self.options.value.get("processor", ()) if name != "enhance"]
        self.set("processor", [*others, "enhance"] if on else others or None)

    def set(self, name: str, value: object) -> None:
        """Set an option; its default or None takes it back."""
        field = self._schema.get(name, {})
        self.problem.value = None
        self.selection.set_option(name, None if value == field.get("default") else value)

    def field(self, name: str) -> Field:
        """Return one option."""
        return _field(name, self._schema[name])

    def more(self) -> tuple[Field, ...]:
        """Return every other option that the chosen engine and processors take."""
        options = self.options.value
        engine = options.get("engine", self._schema["engine"]["default"])
        active = {engine, *options.get("processor", ())}
        taken, owned = set[str](), set[str]()
        for spec in self._registry:
            owned |= set(spec.options.model_fields)
            if spec.name in active:
                taken |= set(spec.options.model_fields)
        return tuple(
            _field(name, schema)
            for name, schema in self._schema.items()
            if name not in _ELSEWHERE and (name not in owned or name in taken)
        )

    def value(self, field: Field) -> Any:  # noqa: ANN401 - of any option
        """Return the value of an option."""
        return self.options.value.get(field.name, field.default)

    def type_in(self, field: Field, written: str) -> bool:
        """Set an option as it was typed; return False if that is not possible."""
        words = written.strip()
        clock_time = field.name in _TIMES and ":" in words
        if not words or field.kind == "text" or clock_time:
            self.set(field.name, words or None)
            return True
        number = _number(words, field)
        if number is None:
            limits = {"minimum": _limit(field.minimum), "maximum": _limit(field.maximum)}
            self.problem.value = Line(f"{field.label}: {words}", text("wrongNumber", **limits))
            return False
        self.set(field.name, number)
        return True

    def reset(self) -> None:
        """Return every option to its default."""
        self.problem.value = None
        self.options.value = {}


def _number(words: str, field: Field) -> float | int | None:
    try:
        number = float(words.replace(",", "."))
    except ValueError:
        return None
    least, most = field.minimum, field.maximum
    if (least is not None and number < least) or (most is not None and number > most):
        return None
    if field.whole:
        return int(number) if number.is_integer() else None
    return number


def _limit(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


def _field(name: str, schema: Mapping[str, Any]) -> Field:
    kinds = schema.get("anyOf", [schema])
    kind = next((each for each in kinds if each.get("type") != "null"), schema)
    words = schema.get("title", name).replace("_", " ").lower()
    choices = kind.get("enum") or kind.get("items", {}).get("enum") or ()
    return Field(
        name,
        words[:1].upper() + words[1:],
        schema.get("description", ""),
        _kind(kind),
        schema.get("default"),
        tuple(choices),
        kind.get("minimum", kind.get("exclusiveMinimum")),
        kind.get("maximum"),
        kind.get("type") == "integer",
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
    if schema.get("type") == "boolean":
        return "switch"
    if "enum" in schema:
        return "choice"
    if "enum" in schema.get("items", {}):
        return "several"
    return "number" if schema.get("type") in ("number", "integer") else "text"
