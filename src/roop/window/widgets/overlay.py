"""A question over the window, which must be answered first."""

import tkinter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import customtkinter as ctk
from PIL import ImageTk

from roop.window import theme
from roop.window.widgets.basics import Widget, button, label


@dataclass(frozen=True, slots=True)
class Answer:
    """A button of a question."""

    words: str
    act: Callable[[], object]
    kind: theme.ButtonKind = "quiet"


class Overlay:
    """Covers the window until a button is pressed; Esc is the last one.

    Args:
        root: The window.
        title: What it is about.
        words: The question.
        answers: Its buttons, from top to bottom; the first has the focus.
    """

    def __init__(self, root: Widget, title: str, words: str, answers: Sequence[Answer]) -> None:
        self._before = root.focus_get()
        self._cover = ctk.CTkFrame(root, fg_color=theme.GROUND, corner_radius=0)
        self._cover.place(relx=0, rely=0, relwidth=1, relheight=1)
        box = ctk.CTkFrame(
            self._cover,
            fg_color=theme.SURFACE,
            corner_radius=theme.RADIUS,
            border_width=1,
            border_color=theme.CYAN_DIM,
        )
        box.place(relx=0.5, rely=0.46, anchor="center")
        label(box, title, size=17, bold=True).pack(padx=28, pady=(24, 6), anchor="w")
        label(box, words, colour=theme.MUTED, wrap=420).pack(padx=28, pady=(0, 14), anchor="w")
        self._picture = tkinter.Label(box, bg=theme.SURFACE, bd=0)
        self._buttons = [self._button(box, answer) for answer in answers]
        self._buttons[-1].pack_configure(pady=(4, 24))
        self._cover.bind("<Escape>", lambda event: self._buttons[-1].invoke())
        self._buttons[0].tk.call("focus", str(self._buttons[0]))
        self._cover.tk.call("grab", "set", str(self._cover))

    def _button(self, box: Widget, answer: Answer) -> Widget:
        def answered() -> None:
            self.close()
            answer.act()

        made = button(box, answer.words, answered, kind=answer.kind, width=420, height=38)
        made.pack(padx=28, pady=4)
        tk, path = made.tk, str(made)
        for keys, step in (("<Tab>", 1), ("<Down>", 1), ("<Shift-Tab>", -1), ("<Up>", -1)):
            tk.call("bind", path, keys, made._register(self._mover(path, step)) + "\nbreak")
        tk.call("bind", path, "<Escape>", made._register(lambda: self._buttons[-1].invoke()))
        return made

    def _mover(self, path: str, step: int) -> Callable[[], None]:
        """Return what moves the focus, which must not leave the question."""

        def move() -> None:
            paths = [str(each) for each in self._buttons]
            following = paths[(paths.index(path) + step) % len(paths)]
            self._cover.tk.call("focus", following)

        return move

    def add_picture(self, image: tkinter.PhotoImage | ImageTk.PhotoImage) -> None:
        """Show a picture between the words and the buttons."""
        self._image = image
        self._picture.configure(image=image)
        self._picture.pack(padx=28, pady=(0, 14), before=self._buttons[0])

    def close(self) -> None:
        """Remove the question; it may be gone already."""
        if not self._cover.winfo_exists():
            return
        self._cover.tk.call("grab", "release", str(self._cover))
        self._cover.destroy()
        if self._before is not None and self._before.winfo_exists():
            self._before.focus_set()
