"""The card of the new face."""

import tkinter
from collections.abc import Callable, Sequence
from pathlib import Path

import customtkinter as ctk
from PIL import ImageTk

from roop.media.pictures.identity_file import SUFFIX
from roop.window import theme
from roop.window.selection import Photo
from roop.window.session import Session
from roop.window.source.presenter import SourcePresenter
from roop.window.source.several_faces import SeveralFaces
from roop.window.texts import text
from roop.window.widgets.basics import Widget, button, card, clear, label
from roop.window.widgets.drop_zone import DropZone
from roop.window.widgets.drops import OnFiles, accept_drops
from roop.window.widgets.thumbnail import show_square

_THUMBNAIL = 56

_COLOURS = {
    "checking": theme.MUTED,
    "ready": theme.GREEN,
    "several": theme.CYAN,
    "wrong": theme.PINK_TEXT,
}


class SourceView:
    """Shows the photos and takes new ones.

    Args:
        master: Its parent.
        session: What is shown.
        choose: Opens a dialog for photos, and hands on what was chosen.
    """

    def __init__(self, master: Widget, session: Session, choose: Callable[[OnFiles], None]) -> None:
        self._presenter: SourcePresenter = session.source
        self._tasks = session.tasks
        self.frame = card(master, text("source"))
        self._list = ctk.CTkFrame(self.frame, fg_color="transparent", height=0)
        self._list.grid_columnconfigure(0, weight=1)
        self.zone = DropZone(
            self.frame,
            (text("sourceDrop"), text("choose")),
            lambda: choose(self._presenter.add),
            110,
        )
        self.zone.frame.grid(row=2, column=0, sticky="ew", padx=theme.GAP, pady=(0, theme.GAP))
        self._saved = button(self.frame, text("sourceSaved"), self._menu, kind="link", height=26)
        accept_drops(self.frame, self._presenter.add, self.zone.hover)
        self._presenter.photos.watch(self._show)
        self._presenter.saved(self._offer)

    def _offer(self, names: Sequence[str]) -> None:
        if names:
            self._saved.grid(row=3, column=0, sticky="w", padx=theme.GAP, pady=(0, 8))

    def _menu(self) -> None:
        self._presenter.saved(self._open_menu)

    def _open_menu(self, names: Sequence[str]) -> None:
        menu = tkinter.Menu(self.frame, tearoff=False, bg=theme.RAISED, fg=theme.TEXT)
        for name in names:
            menu.add_command(label=name, command=self._adding(name))
        menu.tk_popup(self._saved.winfo_rootx(), self._saved.winfo_rooty())

    def _adding(self, name: str) -> Callable[[], None]:
        return lambda: self._presenter.add_saved(name)

    def _show(self, photos: tuple[Photo, ...]) -> None:
        clear(self._list)
        if not photos:
            self._list.grid_forget()
            self.zone.frame.configure(height=110)
            self.zone.say(text("sourceDrop"), text("choose"))
            return
        self._list.grid(row=1, column=0, sticky="ew", padx=theme.GAP)
        self.zone.frame.configure(height=100)
        self.zone.say(text("sourceMore"), text("sourceAgain"))
        for row, photo in enumerate(photos):
            self._row(photo).grid(row=row, column=0, sticky="ew", pady=(0, 8))

    def _row(self, photo: Photo) -> Widget:
        row = ctk.CTkFrame(self._list, fg_color=theme.RAISED, corner_radius=10)
        row.grid_columnconfigure(1, weight=1)
        name = label(row, _short(photo.path), bold=True)
        name.grid(row=0, column=1, sticky="sw", padx=10, pady=(8, 0))
        words = f"{photo.note.text}\n{photo.note.hint}".strip() or text("checking")
        note = label(row, words, size=12, colour=_COLOURS[photo.state], wrap=170)
        note.grid(row=1, column=1, sticky="nw", padx=10, pady=(0, 8))
        remove = button(row, "✕", lambda: self._presenter.remove(photo), width=28, height=28)
        remove.grid(row=0, column=2, rowspan=2, padx=(0, 8))
        if photo.state == "several" and photo.picture:
            faces = SeveralFaces(row, photo, self._presenter, self._tasks)
            faces.frame.grid(row=2, column=0, columnspan=3, sticky="ew", padx=8, pady=(0, 8))
        elif photo.picture:
            self._thumbnail(row, photo)
        return row

    def _thumbnail(self, row: Widget, photo: Photo) -> None:
        side = round(_THUMBNAIL * row._get_widget_scaling())
        place = tkinter.Label(row, bg=theme.RAISED, bd=0)
        place.grid(row=0, column=0, rowspan=2, padx=(8, 0), pady=8)

        def put(image: ImageTk.PhotoImage) -> None:
            place.configure(image=image)
            place.image = image  # type: ignore[attr-defined] # keeps it alive

        width, height = photo.size
        left, top, right, bottom = photo.faces[0]
        around = (left / width, top / height, right / width, bottom / height)
        show_square(self._tasks, photo.picture, side, put, around=around, ground=theme.RAISED)


def _short(path: Path) -> str:
    name = path.stem if path.suffix == SUFFIX else path.name
    return name if len(name) <= 24 else f"{name[:12]}…{name[-10:]}"
