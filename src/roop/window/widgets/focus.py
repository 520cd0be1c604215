"""Keyboard focus for the toolkit's widgets: reachable by Tab, visible, Space and Enter."""

import tkinter
from collections.abc import Callable
from typing import Any

from roop.window.theme import CYAN, SURFACE, TEXT


def take_focus(widget: Any, act: Callable[[], object] | None) -> None:  # noqa: ANN401 - any CTk widget
    """Make a widget reachable by Tab, and show when it has the focus.

    Args:
        widget: One of the toolkit's, with a border.
        act: What Space and Enter do; None if the widget takes keys itself.
    """
    widget.tk.call(str(widget), "configure", "-takefocus", 1)
    width, colour = widget.cget("border_width"), widget.cget("border_color")

    def focused(event: object) -> None:
        ring = TEXT if widget.cget("fg_color") == CYAN else CYAN
        widget.configure(border_width=max(width, 2), border_color=ring)
        reveal(widget)

    def left(event: object) -> None:
        widget.configure(border_width=width, border_color=colour)

    tkinter.Misc.bind(widget, "<FocusIn>", focused, add=True)
    tkinter.Misc.bind(widget, "<FocusOut>", left, add=True)
    if act is not None:
        on_keys(widget, act)


def take_focus_with_ring(
    widget: Any,  # noqa: ANN401 - any CTk widget
    act: Callable[[], object] | None,
) -> None:
    """Make a widget without a border reachable by Tab, with a ring around it; see above."""
    ring = ("-highlightthickness", 2, "-highlightcolor", CYAN, "-highlightbackground", SURFACE)
    widget.tk.call(str(widget), "configure", "-takefocus", 1, *ring)
    tkinter.Misc.bind(widget, "<FocusIn>", lambda event: reveal(widget), add=True)
    if act is not None:
        on_keys(widget, act)


def on_keys(widget: tkinter.Misc, act: Callable[[], object]) -> None:
    """Call ``act`` when Space or Enter is pressed in a widget."""

    def pressed(event: object) -> str:
        act()
        return "break"

    for key in ("<space>", "<Return>", "<KP_Enter>"):
        tkinter.Misc.bind(widget, key, pressed, add=True)
    tkinter.Misc.bind(widget, "<Control-Return>", lambda event: None)  # is the window's


def reveal(widget: tkinter.Misc) -> None:
    """Scroll a widget into view if it is in something that scrolls."""
    above: tkinter.Misc | None = widget
    while above is not None and not isinstance(above, tkinter.Canvas):
        above = above.master
    if not isinstance(above, tkinter.Canvas) or above.bbox("all") is None:
        return
    top = widget.winfo_rooty() - above.winfo_rooty() + above.canvasy(0)
    _, _, _, height = above.bbox("all")
    bottom, seen = top + widget.winfo_height(), above.winfo_height()
    if height > seen and not above.canvasy(0) <= top <= bottom <= above.canvasy(0) + seen:
        above.yview_moveto(max(0.0, (top - seen / 3) / height))
