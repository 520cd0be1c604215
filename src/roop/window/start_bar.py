"""The button that starts, and where results go."""

from pathlib import Path
from tkinter import filedialog

import customtkinter as ctk

from roop.window import theme
from roop.window.selection import Line
from roop.window.session import Session
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, button

_PATH = 44
"""Most letters of a folder that are shown."""


class StartBar:
    """Starts the swap.

    Args:
        master: Its parent.
        session: What is started.
    """

    def __init__(self, master: Widget, session: Session) -> None:
        self._starter = session.starter
        self._jobs = session.jobs
        self.frame = ctk.CTkFrame(master, fg_color="transparent")
        self.frame.grid_columnconfigure(1, weight=1)
        self.button = button(
            self.frame, text("start"), self._starter.start, kind="primary", width=150, height=40
        )
        self.button.grid(row=0, column=0, rowspan=2, sticky="w")
        place = {"row": 0, "column": 1, "sticky": "w", "padx": 12}
        self._note = ErrorLine(self.frame, place, 420)
        self._folder = button(self.frame, "", self._choose_folder, kind="link", height=24)
        self._folder.grid(row=1, column=1, sticky="w", padx=2)
        self._starter.folder.watch(self._show_folder)
        self._starter.ready.watch(self._ready)
        self._starter.note.watch(lambda _: self._say())
        self._jobs.rows.watch(lambda _: self._say())

    def _choose_folder(self) -> None:
        name = filedialog.askdirectory(parent=self.frame)
        if name:
            self._starter.folder.value = Path(name)

    def _show_folder(self, folder: Path | None) -> None:
        shown = text("outputsUsual") if folder is None else str(folder)
        if len(shown) > _PATH:
            shown = f"…{shown[-_PATH:]}"
        self._folder.configure(text=text("outputs", folder=shown))

    def _ready(self, ready: bool) -> None:
        self.button.configure(state="normal" if ready else "disabled")
        self.button.configure(fg_color=theme.CYAN if ready else theme.RAISED)
        self._say()

    def _say(self) -> None:
        """Show what went wrong or is missing; otherwise how far the newest job is."""
        note, ready = self._starter.note.value, self._starter.ready.value
        if note is not None and not self._starter.started:
            self._note.show(note)
            return
        rows = self._jobs.rows.value
        if note is not None and rows and rows[0].state in ("waiting", "running"):
            note = Line(f"{rows[0].name}: {rows[0].details or rows[0].badge}")
        if note is None and not ready:
            note = Line(text("startMissing"))
        self._note.show(note, theme.GREEN if self._starter.started else theme.MUTED)
