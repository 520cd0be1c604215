"""Colours, fonts and sizes of the window."""

import tkinter
from tkinter import font as tkfont
from tkinter import ttk
from typing import Any, Final, Literal

import customtkinter as ctk

GROUND: Final = "#0a0e1a"
SURFACE: Final = "#111728"
RAISED: Final = "#19213a"
RAISED_MORE: Final = "#232d4d"
SUNKEN: Final = "#070a13"
LINE: Final = "#262d42"
TEXT: Final = "#eef1fb"
MUTED: Final = "#a3aecb"
FAINT: Final = "#5d688a"
CYAN: Final = "#00f2fe"
CYAN_DIM: Final = "#0b5566"
PINK: Final = "#ff0080"
PINK_TEXT: Final = "#ff6fb3"
PURPLE: Final = "#bf40ff"
GREEN: Final = "#00ff88"
ON_CYAN: Final = "#04121a"

GAP: Final = 12
"""Between cards, and inside them."""
RADIUS: Final = 14

_FAMILIES: Final = (
    *("Inter", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Roboto"),
    *("Noto Sans", "DejaVu Sans"),
)

ButtonKind = Literal["primary", "quiet", "danger", "link"]

BUTTONS: Final[dict[ButtonKind, dict[str, Any]]] = {
    "primary": {
        "fg_color": CYAN,
        "hover_color": "#7df8ff",
        "text_color": ON_CYAN,
        "text_color_disabled": FAINT,
        "border_color": CYAN,
    },
    "quiet": {
        "fg_color": RAISED,
        "hover_color": RAISED_MORE,
        "text_color": TEXT,
        "text_color_disabled": FAINT,
        "border_color": LINE,
    },
    "danger": {
        "fg_color": RAISED,
        "hover_color": "#4a1233",
        "text_color": PINK_TEXT,
        "text_color_disabled": FAINT,
        "border_color": "#5c1a40",
    },
    "link": {
        "fg_color": "transparent",
        "hover_color": RAISED,
        "text_color": CYAN,
        "text_color_disabled": FAINT,
        "border_color": SURFACE,
    },
}
"""Colours of buttons."""


def family(root: tkinter.Misc) -> str:
    """Return the first of the preferred fonts that this system has."""
    there = set(tkfont.families(root))
    return next((name for name in _FAMILIES if name in there), "TkDefaultFont")


def font(size: int = 13, *, bold: bool = False) -> tuple[str, int, str]:
    """Return the font of the window.

    Args:
        size: Pixels, before scaling.
        bold: For headings.
    """
    name = ctk.ThemeManager.theme["CTkFont"]["family"]
    if bold and name == "Roboto":  # it comes with the toolkit, which has no bold one
        return "Roboto Medium", size, "normal"
    return name, size, "bold" if bold else "normal"


def apply(root: tkinter.Misc) -> None:
    """Make the toolkit use these colours and fonts."""
    ctk.set_appearance_mode("dark")
    theme = ctk.ThemeManager.theme
    theme["CTkFont"]["family"] = family(root)
    theme["CTkScrollbar"]["button_color"] = RAISED_MORE
    theme["CTkScrollbar"]["button_hover_color"] = FAINT
    theme["DropdownMenu"]["fg_color"] = RAISED
    theme["DropdownMenu"]["hover_color"] = CYAN_DIM
    theme["DropdownMenu"]["text_color"] = TEXT


def apply_to_dialogs(root: tkinter.Misc) -> None:
    """Colour the dialogs for files where the toolkit draws them itself."""
    if root.tk.call("tk", "windowingsystem") != "x11":
        return
    root.tk.call("catch", "tk_getOpenFile -no-such-option")  # loads what is set below
    root.tk.call("set", "::tk::dialog::file::showHiddenBtn", 1)
    root.tk.call("set", "::tk::dialog::file::showHiddenVar", 0)
    style = ttk.Style(root)
    style.theme_use("clam")
    colours = {"background": SURFACE, "foreground": TEXT, "fieldbackground": SUNKEN}
    edges = {"bordercolor": LINE, "lightcolor": SURFACE, "darkcolor": SURFACE}
    style.configure(".", **colours, **edges, insertcolor=TEXT, troughcolor=SUNKEN)
    style.configure("TButton", background=RAISED)
    style.map(".", background=[("active", RAISED_MORE)], foreground=[("disabled", FAINT)])
    style.map("TCombobox", fieldbackground=[("readonly", SUNKEN)])
    for option, colour in (
        ("background", SURFACE),
        ("foreground", TEXT),
        ("selectBackground", CYAN_DIM),
        ("selectForeground", TEXT),
    ):
        for window in ("Menu", "TCombobox*Listbox"):
            root.option_add(f"*{window}*{option}", colour)


def screen_scale(root: tkinter.Misc) -> float:
    """Return how much larger than usual things must be on this screen, in quarters.

    On Windows and macOS the toolkit knows it itself.
    """
    if root.tk.call("tk", "windowingsystem") != "x11":
        return 1.0
    scale = float(root.winfo_fpixels("1i")) / 96
    return min(max(round(scale * 4) / 4, 1.0), 3.0)
