"""The button that starts, and where results go."""

import customtkinter as ctk

from roop.window import theme
from roop.window.selection import Line
from roop.window.session import Session
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, button


class StartBar:
    """Starts the swap.

    Args:
        master: Its parent.
        session: What is started.
    """

    def __init__(self, master: Widget, session: Session) -> None:
        self._starter = session.starter
        self.frame = ctk.CTkFrame(master, fg_color="transparent")
        self.frame.grid_columnconfigure(1, weight=1)
        self.button = button(
            self.frame, text("start"), self._starter.start, kind="primary", width=150, height=40
        )
        self.button.grid(row=0, column=0, rowspan=2, sticky="w")
        place = {"row": 0, "column": 1, "sticky": "w", "padx": 12}
        self._note = ErrorLine(self.frame, place, 420)
        self._starter.ready.watch(self._ready)
        self._starter.note.watch(lambda _: self._say())

    def _ready(self, ready: bool) -> None:
        self.button.configure(state="normal" if ready else "disabled")
        self.button.configure(fg_color=theme.CYAN if ready else theme.RAISED)
        self._say()

    def _say(self) -> None:
        note = self._starter.note.value
        if note is None and not self._starter.ready.value:
            note = Line(text("startMissing"))
        started = note is not None and not note.hint and self._starter.ready.value
        self._note.show(note, theme.GREEN if started else theme.MUTED)
