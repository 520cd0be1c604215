"""The card with the preview, and its time."""

import tkinter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import customtkinter as ctk

from roop.media.files.extensions import IMAGE_SUFFIXES
from roop.window import theme
from roop.window.preview.wipe import Wipe
from roop.window.selection import Line, Target
from roop.window.session import Session
from roop.window.texts import clock, text
from roop.window.widgets.basics import ErrorLine, Widget, button, label
from roop.window.widgets.drops import accept_drops

_KEY_S = 1.0
"""How far an arrow key moves the time, at most a twentieth of the target."""


class PreviewView:
    """Shows the frame before and after, and moves through the target.

    Args:
        master: Its parent.
        session: What is shown.
        detach: Opens a window with the preview alone; None if this is one.
    """

    def __init__(
        self, master: Widget, session: Session, detach: Callable[[], object] | None = None
    ) -> None:
        self._session = session
        self._presenter = session.preview
        self._selection = session.selection
        self._ends: list[Any] = []
        self.frame = ctk.CTkFrame(master, fg_color="transparent")
        self.frame.grid_columnconfigure(0, weight=1)
        self.frame.grid_rowconfigure(0, weight=1)
        self.wipe = Wipe(self.frame, session.tasks, self.frame._get_widget_scaling())
        self.wipe.canvas.grid(row=0, column=0, columnspan=4, sticky="nsew")
        self._problem = ErrorLine(
            self.frame, {"row": 1, "column": 0, "columnspan": 4, "sticky": "w", "pady": 4}, 600
        )
        self._slider = ctk.CTkSlider(
            self.frame,
            from_=0,
            to=1,
            command=self._scrubbed,
            progress_color=theme.CYAN,
            button_color=theme.TEXT,
            button_hover_color=theme.CYAN,
            fg_color=theme.RAISED,
            border_color=theme.SURFACE,
            height=18,
        )
        self._slider.tk.call(str(self._slider), "configure", "-takefocus", 1)
        for event, colour in (("<FocusIn>", theme.CYAN), ("<FocusOut>", theme.TEXT)):
            tkinter.Misc.bind(self._slider, event, self._painter(colour))
        self._slider.tk.call(
            "bind", str(self._slider), "<Left>", self._slider._register(lambda: self._step(-1))
        )
        self._slider.tk.call(
            "bind", str(self._slider), "<Right>", self._slider._register(lambda: self._step(1))
        )
        self._clock = label(self.frame, size=12, colour=theme.MUTED)
        self._play = button(self.frame, text("play"), self._play_or_stop, height=28)
        if detach is not None:
            own = button(self.frame, text("detach"), detach, height=28)
            own.grid(row=2, column=3, padx=(8, 0), pady=(8, 0), sticky="e")
        self.wipe.on_click = self._clicked
        accept_drops(self.wipe.canvas, self._dropped, lambda on: None)
        self._watch()

    def _painter(self, colour: str) -> Callable[[object], None]:
        """Return what paints the slider's knob, to show the focus."""
        return lambda event: self._slider.configure(button_color=colour)

    def _clicked(self, x: float, y: float, several: bool) -> bool:
        """Choose the person who was clicked."""
        person = self._presenter.face_at(x, y)
        if person is not None and len(self._selection.people.value.people) > 1:
            self._selection.pick(person, several=several)
            return True
        return False

    def _dropped(self, paths: Sequence[Path]) -> None:
        """Give a face to the person under the mouse; elsewhere it is another target."""
        canvas = self.wipe.canvas
        x = canvas.winfo_pointerx() - canvas.winfo_rootx()
        y = canvas.winfo_pointery() - canvas.winfo_rooty()
        person = self._presenter.face_at(*self.wipe.share_of(x, y))
        if person is not None and len(paths) == 1 and paths[0].suffix.lower() in IMAGE_SUFFIXES:
            self._session.target.give(person, paths[0])
        else:
            self._session.target.choose(paths)

    def _watch(self) -> None:
        presenter, selection = self._presenter, self._selection
        self._ends = [
            selection.target.watch(self._show_target),
            selection.time_s.watch(self._show_time),
            selection.photos.watch(lambda _: self._say()),
            presenter.shown.watch(lambda _: self._show()),
            presenter.busy.watch(lambda _: self._show()),
            presenter.problem.watch(lambda _: self._show()),
            presenter.playing.watch(self._show_playing),
        ]

    def close(self) -> None:
        """Follow no more changes."""
        for end in self._ends:
            end()

    def _show(self) -> None:
        shown = self._presenter.shown.value
        self.wipe.show(shown)
        line = self._presenter.problem.value
        colour = theme.PINK_TEXT
        if line is None and shown is not None and shown.after is not None:
            texts = list(shown.warnings)
            if not shown.faces:
                texts.insert(0, text("previewNobody"))
            line, colour = Line("\n".join(texts)), theme.MUTED
        self._problem.show(line, colour)
        self._say()

    def _say(self) -> None:
        """Write what is going on, or what to do next, in the middle."""
        presenter, words = self._presenter, ""
        shown = presenter.shown.value
        if presenter.busy.value and (shown is None or shown.after is None):
            words = text("previewBusy")
        elif self._selection.target.value is None:
            words = text("previewEmpty")
        elif shown is None and presenter.problem.value is None:
            words = text("previewWaiting")
        self.wipe.say(words)

    def _show_target(self, target: Target | None) -> None:
        if target is None or not target.moves or not target.duration_s:
            self._slider.grid_forget()
            self._clock.grid_forget()
            self._play.grid_forget()
        else:
            self._slider.configure(to=max(target.duration_s - 0.05, 0.01))
            self._slider.grid(row=2, column=0, sticky="ew", pady=(8, 0))
            self._clock.grid(row=2, column=1, padx=(8, 0), pady=(8, 0))
            if target.kind == "video":
                self._play.grid(row=2, column=2, padx=(8, 0), pady=(8, 0))
            else:
                self._play.grid_forget()
            self._show_time(self._selection.time_s.value)
        self._say()

    def _show_time(self, time_s: float) -> None:
        target = self._selection.target.value
        length = (target.duration_s if target else None) or 0.0
        self._clock.configure(text=f"{clock(time_s)} / {clock(length)}")
        self._slider.set(time_s)

    def _play_or_stop(self) -> None:
        if self._presenter.playing.value is None:
            self._presenter.play()
        else:
            self._presenter.stop()

    def _show_playing(self, playing: tuple[int, int] | None) -> None:
        words = text("play" if playing is None else "stop")
        if playing is not None and playing[0] < playing[1]:
            words = text("playing", done=playing[0], total=playing[1])
        self._play.configure(text=words)

    def _scrubbed(self, value: float) -> None:
        self._presenter.scrub(float(value))

    def _step(self, direction: int) -> None:
        target = self._selection.target.value
        if target is None or not target.duration_s:
            return
        step = min(_KEY_S, target.duration_s / 20) * direction
        last = max(target.duration_s - 0.05, 0.0)
        self._presenter.scrub(min(max(self._selection.time_s.value + step, 0.0), last))
