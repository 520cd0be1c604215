"""The place where files are dropped or chosen."""

from collections.abc import Callable

import customtkinter as ctk

from roop.window import theme
from roop.window.widgets.basics import Widget, label
from roop.window.widgets.focus import take_focus


class DropZone:
    """A bordered field with a sign and two lines; a click or a key opens a dialog.

    Args:
        master: Its parent.
        lines: The heading and what is below it.
        act: Opens the dialog.
        height: Without scaling.
    """

    def __init__(
        self, master: Widget, lines: tuple[str, ...], act: Callable[[], object], height: int
    ) -> None:
        self.frame = ctk.CTkFrame(
            master,
            fg_color=theme.SUNKEN,
            corner_radius=12,
            border_width=1,
            border_color=theme.LINE,
            height=height,
            cursor="hand2",
        )
        self.frame.grid_propagate(False)
        self.frame.grid_columnconfigure(0, weight=1)
        self.frame.grid_rowconfigure((0, 9), weight=1)
        self._act = act
        self._lines: list[Widget] = []
        sign = label(self.frame, "+", size=26, bold=True, colour=theme.CYAN)
        sign.grid(row=1, column=0)
        for number, words in enumerate(lines):
            colour = theme.TEXT if number == 0 else theme.MUTED
            line = label(self.frame, words, size=13 if number == 0 else 12, colour=colour, wrap=240)
            line.configure(justify="center")
            line.grid(row=2 + number, column=0, padx=8)
            self._lines.append(line)
        for part in (self.frame, sign, *self._lines):
            part.bind("<Button-1>", lambda event: self._act())
        take_focus(self.frame, act)

    def hover(self, on: bool) -> None:
        """Show that files are over it."""
        self.frame.configure(fg_color=theme.CYAN_DIM if on else theme.SUNKEN)

    def say(self, *lines: str) -> None:
        """Change the lines."""
        for line, words in zip(self._lines, lines, strict=False):
            line.configure(text=words)
