"""Frames that scroll, whose bar is only there when it is needed."""

from typing import Any, Literal

import customtkinter as ctk

from roop.window.widgets.basics import Widget


def scrolling(
    master: Widget, *, orientation: Literal["vertical", "horizontal"] = "vertical", **size: int
) -> Widget:
    """Return a frame that scrolls.

    Args:
        master: Its parent.
        orientation: In which direction.
        size: Its ``width`` or ``height``, without scaling.
    """
    made = ctk.CTkScrollableFrame(
        master, orientation=orientation, fg_color="transparent", corner_radius=0, **size
    )
    bar, canvas = made._scrollbar, made._parent_canvas
    shown = True

    def follow(first: Any, last: Any) -> None:  # noqa: ANN401 - Tcl's numbers
        nonlocal shown
        bar.set(first, last)
        needed = float(first) > 0 or float(last) < 1
        if needed != shown:
            shown = needed
            bar.grid() if needed else bar.grid_remove()

    canvas.configure(
        **{"yscrollcommand" if orientation == "vertical" else "xscrollcommand": follow}
    )
    return made
