"""Buttons, labels, cards and lines for errors, as this window has them."""

import tkinter
from collections.abc import Callable
from typing import Any

import customtkinter as ctk

from roop.window import theme
from roop.window.selection import Line
from roop.window.widgets.focus import take_focus

Widget = Any
"""A widget of the toolkit, which has no types."""


def button(
    master: Widget,
    words: str,
    act: Callable[[], object],
    *,
    kind: theme.ButtonKind = "quiet",
    width: int = 0,
    height: int = 32,
) -> Widget:
    """Return a button that the keyboard reaches, too."""
    made = ctk.CTkButton(
        master,
        text=words,
        command=act,
        width=width or 20,
        height=height,
        corner_radius=9,
        border_width=0 if kind == "link" else 1,
        font=theme.font(13, bold=kind == "primary"),
        **theme.BUTTONS[kind],
    )
    take_focus(made, made.invoke)
    return made


def label(
    master: Widget,
    words: str = "",
    *,
    size: int = 13,
    bold: bool = False,
    colour: str = theme.TEXT,
    wrap: int = 0,
) -> Widget:
    """Return a label.

    Args:
        master: Its parent.
        words: What it says.
        size: Of the font.
        bold: For headings.
        colour: Of the text.
        wrap: Width at which lines break, without scaling; 0 for one line.
    """
    return ctk.CTkLabel(
        master,
        text=words,
        font=theme.font(size, bold=bold),
        text_color=colour,
        wraplength=wrap,
        justify="left",
        anchor="w",
        height=0,
        fg_color="transparent",
    )


def card(master: Widget, title: str = "") -> Widget:
    """Return a card; its first row is the title, if it has one."""
    made = ctk.CTkFrame(
        master,
        fg_color=theme.SURFACE,
        corner_radius=theme.RADIUS,
        border_width=1,
        border_color=theme.LINE,
    )
    made.grid_columnconfigure(0, weight=1)
    if title:
        heading = label(made, title, size=14, bold=True)
        heading.grid(row=0, column=0, sticky="w", padx=theme.GAP + 2, pady=(theme.GAP, 6))
    return made


class ErrorLine:
    """A message with its hint, which takes no room while there is none.

    Args:
        master: Its parent.
        place: Options of ``grid``.
        wrap: Width at which lines break, without scaling.
    """

    def __init__(self, master: Widget, place: dict[str, Any], wrap: int = 260) -> None:
        self._label = label(master, size=12, colour=theme.PINK_TEXT, wrap=wrap)
        self._place = place

    def show(self, line: Line | None, colour: str = theme.PINK_TEXT) -> None:
        """Show a line, or nothing."""
        if line is None or not line.text:
            self._label.grid_forget()
            return
        words = f"{line.text}\n{line.hint}" if line.hint else line.text
        self._label.configure(text=words, text_color=colour)
        self._label.grid(**self._place)


def clear(frame: Widget) -> None:
    """Remove everything from a frame."""
    for child in tkinter.Misc.winfo_children(frame):
        child.destroy()
