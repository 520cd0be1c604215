"""A frame before and after, divided by a line that can be moved.

Until somebody moves it, the line runs through the largest replaced face, so that both halves show
some of it.
"""

import tkinter
from collections.abc import Callable

from PIL import ImageTk

from roop.window import theme
from roop.window.pictures import MOST_PIXELS, Picture
from roop.window.preview.presenter import Shown
from roop.window.tasks import Tasks
from roop.window.texts import text

_STEP = 0.05

_STILL = 3
"""How far the mouse may move in a click, without scaling."""

_CONTROL_OR_SHIFT = 0x5
"""Bits of an event's state."""


class Wipe:
    """A canvas that shows as much of the two frames as fits.

    Args:
        master: Its parent.
        tasks: Reduce the pictures.
        scale: Pixels per unit of the theme.
    """

    def __init__(self, master: tkinter.Misc, tasks: Tasks, scale: float) -> None:
        self._tasks = tasks
        self._scale = scale
        self._shown: Shown | None = None
        self._fitted: tuple[Picture, Picture | None] | None = None
        self._image: ImageTk.PhotoImage | None = None
        self._drawing: str | None = None
        self.share = 0.5
        """How much is shown as before, from the left, 0..1."""
        self._moved = False
        """True if the user has moved the line since the target was chosen."""
        self.canvas = tkinter.Canvas(
            master,
            bg=theme.SUNKEN,
            highlightthickness=2,
            highlightbackground=theme.SUNKEN,
            highlightcolor=theme.CYAN,
            takefocus=1,
            width=320,
            height=180,
        )
        self._picture = self.canvas.create_image(0, 0, anchor="center")
        self._line = self.canvas.create_line(0, 0, 0, 0, fill=theme.TEXT, width=2 * scale)
        self._grip = self.canvas.create_oval(0, 0, 0, 0, fill=theme.CYAN, outline="")
        font = theme.font(round(12 * scale))
        self._words = [
            self.canvas.create_text(0, 0, text=text(key), fill=theme.TEXT, font=font)
            for key in ("before", "after")
        ]
        self.canvas.itemconfigure(self._words[0], anchor="nw")
        self.canvas.itemconfigure(self._words[1], anchor="ne")
        self._veil = self.canvas.create_text(
            0, 0, fill=theme.MUTED, font=theme.font(round(14 * scale)), justify="center"
        )
        self.canvas.bind("<Configure>", lambda event: self._resized())
        self.on_click: Callable[[float, float, bool], bool] = lambda x, y, several: False
        """Receives a click in shares of the picture's size, and whether Ctrl or Shift is held;
        returns False if it means nothing: then the line moves there."""
        self._pressed_at = 0
        self.canvas.bind("<Button-1>", self._pressed)
        self.canvas.bind("<B1-Motion>", self._dragged)
        self.canvas.bind("<ButtonRelease-1>", self._released)
        for key, step in (("<Left>", -_STEP), ("<Right>", _STEP)):
            self.canvas.bind(key, self._mover(step))

    def show(self, shown: Shown | None) -> None:
        """Show a preview, or nothing."""
        self._shown = shown
        if shown is not None and shown.face_x is not None and not self._moved:
            self.share = min(max(shown.face_x, 0.0), 1.0)
        if shown is None:
            self._fitted, self._moved = None, False
            self._draw()
        else:
            self._fit()

    def say(self, words: str) -> None:
        """Write something in the middle."""
        self.canvas.itemconfigure(self._veil, text=words)
        self.canvas.tag_raise(self._veil)
        self._place_words()

    def _mover(self, step: float) -> Callable[[object], None]:
        def move(event: object) -> None:
            self._move_to(self.share + step)

        return move

    def share_of(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the canvas in shares of the picture's size."""
        left, top, width, height = self._place()
        return (x - left) / max(width, 1), (y - top) / max(height, 1)

    def _pressed(self, event: "tkinter.Event[tkinter.Canvas]") -> None:
        self.canvas.focus_set()
        self._pressed_at = event.x

    def _released(self, event: "tkinter.Event[tkinter.Canvas]") -> None:
        if abs(event.x - self._pressed_at) > _STILL * self._scale:
            return
        several = bool(int(event.state) & _CONTROL_OR_SHIFT)
        if not self.on_click(*self.share_of(event.x, event.y), several):
            self._dragged(event)

    def _dragged(self, event: "tkinter.Event[tkinter.Canvas]") -> None:
        left, _, width, _ = self._place()
        self._move_to((event.x - left) / max(width, 1))

    def _move_to(self, share: float) -> None:
        self.share, self._moved = min(max(share, 0.0), 1.0), True
        if self._drawing is None:  # several moves become one
            self._drawing = self.canvas.after_idle(self._draw)

    def _resized(self) -> None:
        self._place_words()
        self._fit()

    def _size(self) -> tuple[int, int]:
        """Return the size of the picture on the screen, pixels."""
        if self._shown is None:
            return 1, 1
        width, height = self._shown.before.size
        room = self.canvas.winfo_width() - 4, self.canvas.winfo_height() - 4
        zoom = min(room[0] / width, room[1] / height)
        zoom = min(zoom, (MOST_PIXELS / (width * height)) ** 0.5)
        return max(1, round(width * zoom)), max(1, round(height * zoom))

    def _fit(self) -> None:
        """Reduce both frames to the size of the canvas, in another thread."""
        shown, size = self._shown, self._size()
        if shown is None or self.canvas.winfo_width() < 16:
            return

        def reduce() -> tuple[Picture, Picture | None]:
            after = None if shown.after is None else shown.after.resize(size, reducing_gap=2.0)
            return shown.before.resize(size, reducing_gap=2.0), after

        def put(fitted: tuple[Picture, Picture | None]) -> None:
            if shown is self._shown and size == self._size():
                self._fitted = fitted
                self._draw()

        self._tasks.run(reduce, put, lambda error: None)

    def _draw(self) -> None:
        self._drawing = None
        if not self.canvas.winfo_exists():
            return
        fitted = self._fitted
        visible = "hidden" if fitted is None else "normal"
        self.canvas.itemconfigure(self._picture, state=visible)
        divided = "hidden" if fitted is None or fitted[1] is None else "normal"
        for item in (self._line, self._grip, *self._words):
            self.canvas.itemconfigure(item, state=divided)
        if fitted is not None:
            self._paste(*fitted)
            self._place_items()

    def _paste(self, before: Picture, after: Picture | None) -> None:
        picture = before
        if after is not None:
            width, height = before.size
            at = round(width * self.share)
            picture = before.copy()
            picture.paste(after.crop((at, 0, width, height)), (at, 0))
        if self._image is None or (self._image.width(), self._image.height()) != picture.size:
            self._image = ImageTk.PhotoImage(picture)
            self.canvas.itemconfigure(self._picture, image=self._image)
        else:
            self._image.paste(picture)

    def _place(self) -> tuple[float, float, int, int]:
        """Return left, top, width and height of the picture."""
        width, height = self._fitted[0].size if self._fitted else (1, 1)
        room = self.canvas.winfo_width(), self.canvas.winfo_height()
        return (room[0] - width) / 2, (room[1] - height) / 2, width, height

    def _place_items(self) -> None:
        left, top, width, height = self._place()
        middle = top + height / 2
        self.canvas.coords(self._picture, left + width / 2, middle)
        x, r, gap = left + width * self.share, 9 * self._scale, 10 * self._scale
        self.canvas.coords(self._line, x, top, x, top + height)
        self.canvas.coords(self._grip, x - r, middle - r, x + r, middle + r)
        self.canvas.coords(self._words[0], left + gap, top + gap)
        self.canvas.coords(self._words[1], left + width - gap, top + gap)

    def _place_words(self) -> None:
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        self.canvas.coords(self._veil, width / 2, height / 2)
        self.canvas.itemconfigure(self._veil, width=width * 0.8)
