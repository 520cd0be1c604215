"""The card of the options."""

from collections.abc import Callable
from typing import Any

import customtkinter as ctk

from roop.window import theme
from roop.window.session import Session
from roop.window.settings.fields import make_field, switch
from roop.window.settings.presenter import SettingsPresenter
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, button, card, clear, label
from roop.window.widgets.segments import choose, segments

_PAUSE_MS = 5
"""Between two fields that are made: input and drawing come first."""


class SettingsView:
    """Shows the options that people change most, and all others on request.

    Args:
        master: Its parent.
        session: What is shown.
    """

    def __init__(self, master: Widget, session: Session) -> None:
        self._presenter: SettingsPresenter = session.settings
        self.frame = card(master, text("options"))
        self._most_used().grid(row=1, column=0, sticky="ew", padx=theme.GAP + 2)
        place = {"row": 2, "column": 0, "sticky": "w", "padx": theme.GAP + 2}
        self._problem = ErrorLine(self.frame, place, 250)
        self._more = button(self.frame, text("more"), self._toggle, kind="link", height=28)
        self._more.grid(row=3, column=0, sticky="w", padx=theme.GAP, pady=(2, 8))
        self._list = ctk.CTkFrame(self.frame, fg_color="transparent")
        self._list.grid_columnconfigure(0, weight=1)
        self._open = False
        self._names: tuple[str, ...] = ()
        self._presenter.problem.watch(self._problem.show)
        self._presenter.options.watch(lambda _: self._follow())

    def _most_used(self) -> Widget:
        presenter, rows = self._presenter, ctk.CTkFrame(self.frame, fg_color="transparent")
        rows.grid_columnconfigure(0, weight=1)
        label(rows, text("quality")).grid(row=0, column=0, sticky="w", pady=4)
        self._quality(rows).grid(row=0, column=1, sticky="e", pady=4)
        options = presenter.options

        def keep_sound(on: bool) -> None:
            presenter.set("skip_audio", None if on else True)

        made: list[tuple[str, Callable[[], bool], Callable[[bool], None]]] = [
            ("sound", lambda: not options.value.get("skip_audio"), keep_sound),
            (
                "label",
                lambda: bool(options.value.get("label")),
                lambda on: presenter.set("label", on or None),
            ),
            (
                "keepFrames",
                lambda: bool(options.value.get("keep_frames")),
                lambda on: presenter.set("keep_frames", on or None),
            ),
        ]
        for row, (key, read, write) in enumerate(made, 1):
            label(rows, text(key), wrap=128).grid(row=row, column=0, sticky="w", pady=4)
            widget = switch(rows, write)
            widget.grid(row=row, column=1, sticky="e", pady=4)
            options.watch(_follower(widget, read))
        for row, (name, key) in enumerate(
            (
                ("fps", "fps"),
                ("output_video_encoder", "encoder"),
                ("output_video_quality", "quality"),
            ),
            len(made) + 1,
        ):
            field = presenter.field(name)
            words = field.label if key == "quality" else text(key)
            label(rows, words, wrap=150).grid(row=row, column=0, sticky="w", pady=4)
            empty = text("fpsSame") if name == "fps" else f"{field.default}"
            widget = make_field(rows, presenter, field, empty=empty, width=92)
            widget.grid(row=row, column=1, sticky="e", pady=4)
        return rows

    def _quality(self, master: Widget) -> Widget:
        words = (text("qualityBasic"), text("qualityEnhanced"))
        made = segments(master, words, lambda number: self._presenter.set_enhanced(bool(number)))
        self._presenter.options.watch(lambda _: choose(made, int(self._presenter.enhanced)))
        return made

    def _toggle(self) -> None:
        self._open = not self._open
        self._more.configure(text=text("less" if self._open else "more"))
        if self._open:
            self._list.grid(row=4, column=0, sticky="ew", padx=theme.GAP + 2, pady=(0, 8))
            self._follow()
        else:
            self._list.grid_forget()

    def _follow(self) -> None:
        """Show the fields that the chosen engine and processors have."""
        if not self._open:
            return
        fields = self._presenter.more()
        names = tuple(field.name for field in fields)
        if names == self._names:
            return
        self._names = names
        clear(self._list)
        self._make(names, 0)

    def _make(self, names: tuple[str, ...], number: int) -> None:
        """Make one field, and the next one a little later."""
        if names != self._names or not self._list.winfo_exists():
            return
        if number == len(names):
            reset = button(self._list, text("reset"), self._presenter.reset)
            reset.grid(row=2 * number, column=0, columnspan=2, sticky="w", pady=8)
            return
        field = self._presenter.field(names[number])
        label(self._list, field.label, wrap=150).grid(
            row=2 * number, column=0, sticky="w", pady=(8, 0)
        )
        made = make_field(self._list, self._presenter, field, empty=_words(field.default))
        made.grid(row=2 * number, column=1, sticky="e", pady=(8, 0))
        label(self._list, field.help, size=11, colour=theme.MUTED, wrap=240).grid(
            row=2 * number + 1, column=0, columnspan=2, sticky="w"
        )
        self._list.after(_PAUSE_MS, lambda: self._make(names, number + 1))


def _follower(widget: Any, read: Callable[[], bool]) -> Callable[[object], None]:  # noqa: ANN401
    def follow(options: object) -> None:
        if read():
            widget.select()
        else:
            widget.deselect()

    return follow


def _words(default: object) -> str:
    return "" if default is None else f"{default}"
