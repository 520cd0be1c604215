"""A photo of several people, in which one face is chosen."""

import io
import tkinter
from collections.abc import Callable

import customtkinter as ctk
from PIL import Image, ImageTk

from roop.window import theme
from roop.window.pictures import Picture
from roop.window.selection import Photo
from roop.window.source.presenter import SourcePresenter, face_at
from roop.window.tasks import Tasks
from roop.window.widgets.basics import Widget, button

_WIDTH, _HEIGHT = 250, 170
"""Most room for the photo, without scaling."""

_BUTTONS = 8
"""Most faces that have a button of their own."""


class SeveralFaces:
    """Shows the photo with a frame around each face; a click or a numbered button chooses one.

    Args:
        master: Its parent.
        photo: The photo.
        presenter: Receives the choice.
        tasks: Decode the picture.
    """

    def __init__(
        self, master: Widget, photo: Photo, presenter: SourcePresenter, tasks: Tasks
    ) -> None:
        self._photo = photo
        self._presenter = presenter
        self.frame = ctk.CTkFrame(master, fg_color="transparent")
        scale = master._get_widget_scaling()
        width, height = photo.size
        self._zoom = min(_WIDTH * scale / width, _HEIGHT * scale / height)
        self._canvas = tkinter.Canvas(
            self.frame,
            width=width * self._zoom,
            height=height * self._zoom,
            bg=theme.SUNKEN,
            highlightthickness=0,
            cursor="hand2",
        )
        self._canvas.grid(row=0, column=0, columnspan=_BUTTONS)
        self._canvas.bind("<Button-1>", self._clicked)
        for number in range(min(len(photo.faces), _BUTTONS)):
            choice = button(self.frame, str(number + 1), self._chooser(number), width=28, height=26)
            choice.grid(row=1, column=number, padx=2, pady=(6, 0))
        size = (round(width * self._zoom), round(height * self._zoom))
        tasks.run(lambda: _sized(photo.picture, size), self._put, lambda error: None)

    def _chooser(self, number: int) -> Callable[[], None]:
        return lambda: self._presenter.choose_face(self._photo, number)

    def _clicked(self, event: "tkinter.Event[tkinter.Canvas]") -> None:
        width, height = self._photo.size
        x, y = event.x / self._zoom / width, event.y / self._zoom / height
        number = face_at(self._photo, x, y)
        if number is not None:
            self._presenter.choose_face(self._photo, number)

    def _put(self, picture: Picture) -> None:
        try:
            self._image = ImageTk.PhotoImage(picture)
            self._canvas.create_image(0, 0, image=self._image, anchor="nw")
        except tkinter.TclError:
            return  # the photo was removed
        for number, box in enumerate(self._photo.faces, 1):
            left, top, right, bottom = (value * self._zoom for value in box)
            self._canvas.create_rectangle(left, top, right, bottom, outline=theme.CYAN, width=2)
            self._canvas.create_text(
                left + 4, top + 2, text=str(number), fill=theme.CYAN, anchor="nw"
            )


def _sized(jpeg: bytes, size: tuple[int, int]) -> Picture:
    with Image.open(io.BytesIO(jpeg)) as image:
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
