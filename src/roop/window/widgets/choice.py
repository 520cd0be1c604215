"""A menu of which one entry is chosen."""

from collections.abc import Callable, Sequence

import customtkinter as ctk

from roop.window import theme
from roop.window.widgets.basics import Widget
from roop.window.widgets.focus import take_focus_with_ring


def choice(
    master: Widget, values: Sequence[str], write: Callable[[str], object], *, width: int
) -> Widget:
    """Return a menu that calls ``write`` when the user chooses an entry.

    Args:
        master: Its parent.
        values: Its entries.
        write: Receives the chosen one.
        width: Without scaling.
    """
    made = ctk.CTkOptionMenu(
        master,
        values=list(values),
        command=write,
        width=width,
        height=28,
        font=theme.font(12),
        dropdown_font=theme.font(12),
        fg_color=theme.RAISED,
        button_color=theme.RAISED_MORE,
        button_hover_color=theme.FAINT,
        text_color=theme.TEXT,
        dynamic_resizing=False,
    )
    take_focus_with_ring(made, made._open_dropdown_menu)
    return made
