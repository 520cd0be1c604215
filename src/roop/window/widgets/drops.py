"""Files dropped on widgets, and the dialogs that do the same."""

import tkinter
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import filedialog

from tkinterdnd2 import DND_FILES, TkinterDnD

from roop.media.files.extensions import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from roop.window.texts import text
from roop.window.widgets.basics import Widget

OnFiles = Callable[[Sequence[Path]], object]


def load_drops(root: tkinter.Misc) -> bool:
    """Load what receives drops; return False where it does not work, as on some desktops."""
    try:
        TkinterDnD._require(root)
    except (RuntimeError, tkinter.TclError):
        return False
    return True


def accept_drops(widget: Widget, take: OnFiles, hover: Callable[[bool], None]) -> None:
    """Call ``take`` with the files that are dropped on a widget.

    Args:
        widget: Its children count, too.
        take: Receives the files.
        hover: Called with True while files are over it.
    """
    tk = widget.tk
    try:
        tk.call("tkdnd::drop_target", "register", str(widget), (DND_FILES,))
    except tkinter.TclError:
        return  # not loaded

    def entered(*_: object) -> str:
        hover(True)
        return "copy"

    def left(*_: object) -> str:
        hover(False)
        return "copy"

    def dropped(data: str) -> str:
        hover(False)
        take([Path(name) for name in tk.splitlist(data)])
        return "copy"

    for event, call, words in (
        ("<<DropEnter>>", entered, ""),
        ("<<DropPosition>>", lambda *_: "copy", ""),
        ("<<DropLeave>>", left, ""),
        ("<<Drop>>", dropped, " %D"),
    ):
        name = widget._register(call)
        tk.call("bind", str(widget), event, name + words)


def ask_files(
    parent: Widget, *, photos_only: bool, several: bool, folder: Path | None
) -> Sequence[Path]:
    """Let the user choose files in the system's dialog.

    Args:
        parent: The window.
        photos_only: Leave videos out.
        several: More than one may be chosen.
        folder: Where the dialog begins.
    """
    suffixes = sorted(IMAGE_SUFFIXES if photos_only else IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    patterns = [pattern for suffix in suffixes for pattern in (f"*{suffix}", f"*{suffix.upper()}")]
    kinds: list[tuple[str, str | list[str]]] = [
        (text("photos" if photos_only else "media"), patterns),
        (text("allFiles"), "*"),
    ]
    start = str(folder) if folder is not None else None
    if several:
        found = filedialog.askopenfilenames(parent=parent, filetypes=kinds, initialdir=start)
        return [Path(name) for name in found]
    name = filedialog.askopenfilename(parent=parent, filetypes=kinds, initialdir=start)
    return [Path(name)] if name else []
