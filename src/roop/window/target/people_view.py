"""The people of the target as cards: who is replaced, and with whose face."""

import tkinter
from collections.abc import Callable, Sequence
from pathlib import Path

import customtkinter as ctk
from PIL import ImageTk

from roop.window import theme
from roop.window.selection import People, Person
from roop.window.session import Session
from roop.window.texts import text
from roop.window.widgets.basics import Widget, button, clear, label
from roop.window.widgets.drops import OnFiles, accept_drops
from roop.window.widgets.focus import on_keys, take_focus
from roop.window.widgets.scrolling import scrolling
from roop.window.widgets.thumbnail import show_square

_SIDE = 60
"""Of a person's picture, without scaling."""

_CONTROL, _SHIFT = 0x4, 0x1
"""Bits of an event's state."""


class PeopleView:
    """A row of cards; a click chooses a person, a dropped photo gives them a face.

    Args:
        master: Its parent.
        session: What is shown.
        choose: Opens a dialog for photos, and hands on what was chosen.
    """

    def __init__(self, master: Widget, session: Session, choose: Callable[[OnFiles], None]) -> None:
        self._session = session
        self._choose = choose
        self.frame = ctk.CTkFrame(master, fg_color="transparent")
        self.frame.grid_columnconfigure(0, weight=1)
        self._title = label(self.frame, text("people"), bold=True)
        self._title.grid(row=0, column=0, sticky="w", padx=4)
        self._hint = label(self.frame, size=12, colour=theme.MUTED)
        self._hint.grid(row=0, column=1, sticky="e", padx=4)
        self._row = scrolling(self.frame, orientation="horizontal", height=84)
        self._row.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(4, 0))
        self._cards: list[_PersonCard] = []
        self._drawn: tuple[object, ...] = ()
        session.selection.people.watch(self._show)
        session.selection.choice.watch(lambda choice: self._mark())

    def _show(self, people: People) -> None:
        searching = people.state == "searching"
        self._hint.configure(text=text("peopleSearching" if searching else "peopleHint"))
        if people.state == "none" or not (people.people or searching):
            self.frame.grid_remove()
            return
        self.frame.grid()
        if people.people == self._drawn:
            return
        self._drawn = people.people
        clear(self._row)
        self._cards = [
            _PersonCard(self._row, number, person, self._session, self._choose)
            for number, person in enumerate(people.people)
        ]
        for column, each in enumerate(self._cards):
            each.frame.grid(row=0, column=column, padx=(0, 8), sticky="n")
        if len(people.people) > 1:
            self._everyone = button(
                self._row, text("peopleAll"), self._session.selection.pick_all, height=_SIDE
            )
            self._everyone.grid(row=0, column=len(self._cards), padx=4, sticky="n")
        self._mark()

    def _mark(self) -> None:
        """Show who is chosen."""
        selection = self._session.selection
        picked = selection.picked()
        for number, each in enumerate(self._cards):
            each.mark(chosen=number in picked)
        if len(self._cards) > 1:
            everyone = selection.choice.value.mode == "all"
            colours = {"fg_color": theme.CYAN_DIM if everyone else theme.RAISED}
            self._everyone.configure(**colours)


class _PersonCard:
    """One person."""

    def __init__(
        self,
        master: Widget,
        number: int,
        person: Person,
        session: Session,
        choose: Callable[[OnFiles], None],
    ) -> None:
        self._session = session
        self._number = number
        self._choose = choose
        self.frame = ctk.CTkFrame(
            master, fg_color=theme.RAISED, corner_radius=10, border_width=1, border_color=theme.LINE
        )
        self._side = round(_SIDE * master._get_widget_scaling())
        self._face = tkinter.Label(
            self.frame, bg=theme.RAISED, bd=0, highlightthickness=0, cursor="hand2"
        )
        self._face.grid(row=0, column=0, rowspan=3, padx=6, pady=6)
        name = label(self.frame, text("person", number=number + 1), size=12, bold=True)
        name.grid(row=0, column=1, sticky="sw", padx=(0, 8), pady=(6, 0))
        seen = label(self.frame, text("frames", count=person.frames), size=11, colour=theme.MUTED)
        seen.grid(row=1, column=1, sticky="nw", padx=(0, 8))
        self._give = button(self.frame, text("giveFaceShort"), self._other, kind="link", height=22)
        self._give.grid(row=2, column=1, sticky="w", pady=(0, 4), padx=(0, 4))
        self._put_picture(person.picture)
        for part in (self.frame, self._face, name, seen):
            part.bind("<Button-1>", self._clicked)
        take_focus(self.frame, None)
        on_keys(self.frame, lambda: self._pick(several=False))
        tkinter.Misc.bind(self.frame, "<Control-space>", lambda event: self._pick(several=True))
        accept_drops(self.frame, self._take, self._hover)
        self._given: object = None

    def mark(self, *, chosen: bool) -> None:
        """Show whether the person is replaced, and by which face."""
        faces = self._session.selection.choice.value.faces
        given = faces.get(self._number)
        self.frame.configure(
            fg_color=theme.CYAN_DIM if chosen else theme.RAISED,
        )
        ground = theme.CYAN_DIM if chosen else theme.RAISED
        self._face.configure(bg=ground)
        words = text("takeFaceShort" if given else "giveFaceShort")
        self._give.configure(text=words)

    def _put_picture(self, jpeg: bytes) -> None:
        def put(image: ImageTk.PhotoImage) -> None:
            self._face.configure(image=image)
            self._image = image

        show_square(self._session.tasks, jpeg, self._side, put, ground=theme.RAISED)

    def _clicked(self, event: "tkinter.Event[tkinter.Misc]") -> None:
        several = bool(int(event.state) & (_CONTROL | _SHIFT))
        self._pick(several=several or bool(self._session.selection.choice.value.faces))

    def _pick(self, *, several: bool) -> None:
        self._session.selection.pick(self._number, several=several)

    def _other(self) -> None:
        """Take the person's own face back, or let the user choose one."""
        if self._number in self._session.selection.choice.value.faces:
            self._session.selection.give_face(self._number, None)
        else:
            self._choose(self._take)

    def _take(self, paths: Sequence[Path]) -> None:
        if paths:
            self._session.target.give(self._number, paths[0])

    def _hover(self, on: bool) -> None:
        self.frame.configure(border_color=theme.CYAN if on else theme.LINE)
