"""Buttons side by side, of which one is pressed."""

from collections.abc import Callable, Sequence

import customtkinter as ctk

from roop.window import theme
from roop.window.widgets.basics import Widget
from roop.window.widgets.focus import take_focus


def segments(master: Widget, words: Sequence[str], write: Callable[[int], object]) -> Widget:
    """Return the buttons; the first is pressed.

    Args:
        master: Their parent.
        words: What they say.
        write: Receives the number of the one that the user presses, from 0.
    """
    frame = ctk.CTkFrame(
        master, fg_color=theme.SUNKEN, corner_radius=9, border_width=1, border_color=theme.LINE
    )
    frame.parts = []

    def presser(number: int) -> Callable[[], None]:
        def press() -> None:
            choose(frame, number)
            write(number)

        return press

    for number, text in enumerate(words):
        part = ctk.CTkButton(
            frame,
            text=text,
            command=presser(number),
            width=20,
            height=28,
            corner_radius=7,
            border_width=0,
            border_color=theme.SUNKEN,
            font=theme.font(12),
        )
        part.grid(row=0, column=number, padx=3, pady=3)
        take_focus(part, part.invoke)
        frame.parts.append(part)
    choose(frame, 0)
    return frame


def choose(frame: Widget, number: int) -> None:
    """Press one of the buttons, without telling anybody."""
    for each, part in enumerate(frame.parts):
        pressed = each == number
        part.configure(
            fg_color=theme.CYAN if pressed else theme.SUNKEN,
            hover_color=theme.CYAN if pressed else theme.RAISED,
            text_color=theme.ON_CYAN if pressed else theme.MUTED,
        )
