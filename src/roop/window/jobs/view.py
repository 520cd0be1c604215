"""The card of jobs and their results."""

from collections.abc import Callable

import customtkinter as ctk

from roop.window import theme
from roop.window.jobs.presenter import Action, JobRow, JobsPresenter
from roop.window.session import Session
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, button, card, clear, label
from roop.window.widgets.scrolling import scrolling

_COLOURS = {
    "waiting": theme.MUTED,
    "running": theme.CYAN,
    "paused": theme.PURPLE,
    "succeeded": theme.GREEN,
    "failed": theme.PINK_TEXT,
    "cancelled": theme.MUTED,
}

_KINDS: dict[Action, theme.ButtonKind] = {
    "open": "primary",
    "cancel": "danger",
    "delete": "danger",
}


class JobsView:
    """Lists the jobs, the newest first.

    Args:
        master: Its parent.
        session: What is shown.
    """

    def __init__(self, master: Widget, session: Session) -> None:
        self._presenter = session.jobs
        self.frame = card(master, text("jobs"))
        self.frame.grid_rowconfigure(2, weight=1)
        place = {"row": 1, "column": 0, "sticky": "ew", "padx": theme.GAP + 2}
        self._problem = ErrorLine(self.frame, place, 280)
        self._list = scrolling(self.frame, width=268)
        self._list.grid(row=2, column=0, sticky="nsew", padx=4, pady=(0, 8))
        self._list.grid_columnconfigure(0, weight=1)
        self._none = label(self._list, text("jobsNone"), size=12, colour=theme.MUTED)
        self._cards: dict[str, _JobCard] = {}
        self._presenter.problem.watch(self._problem.show)
        self._presenter.rows.watch(self._show)

    def _show(self, rows: tuple[JobRow, ...]) -> None:
        ids = {row.id for row in rows}
        for id in [id for id in self._cards if id not in ids]:
            self._cards.pop(id).frame.destroy()
        for number, row in enumerate(rows):
            if row.id not in self._cards:
                self._cards[row.id] = _JobCard(self._list, self._presenter)
            self._cards[row.id].show(row, number)
        if rows:
            self._none.grid_forget()
        else:
            self._none.grid(row=0, column=0, sticky="w", padx=10)


class _JobCard:
    """One job."""

    def __init__(self, master: Widget, presenter: JobsPresenter) -> None:
        self._presenter = presenter
        self._row: JobRow | None = None
        self._place = -1
        self.frame = ctk.CTkFrame(master, fg_color=theme.RAISED, corner_radius=10)
        self.frame.grid_columnconfigure(0, weight=1)
        self._name = label(self.frame, bold=True, wrap=190)
        self._name.grid(row=0, column=0, sticky="w", padx=10, pady=(8, 0))
        self._badge = label(self.frame, size=12, bold=True)
        self._badge.grid(row=0, column=1, sticky="ne", padx=10, pady=(8, 0))
        self._bar = ctk.CTkProgressBar(
            self.frame, height=6, fg_color=theme.SUNKEN, progress_color=theme.CYAN
        )
        self._details = label(self.frame, size=12, colour=theme.MUTED, wrap=236)
        self._details.grid(row=2, column=0, columnspan=2, sticky="w", padx=10, pady=(2, 0))
        place = {"row": 3, "column": 0, "columnspan": 2, "sticky": "w", "padx": 10}
        self._problem = ErrorLine(self.frame, place, 236)
        self._buttons = ctk.CTkFrame(self.frame, fg_color="transparent", height=0)
        self._buttons.grid(row=4, column=0, columnspan=2, sticky="w", padx=8, pady=8)

    def show(self, row: JobRow, number: int) -> None:
        """Show a job at a place in the list; only what has changed is drawn."""
        before, self._row = self._row, row
        if number != self._place:
            self._place = number
            self.frame.grid(row=number, column=0, sticky="ew", pady=(0, 8), padx=4)
        if before is None or before.name != row.name:
            self._name.configure(text=row.name)
        if before is None or before.badge != row.badge:
            self._badge.configure(text=row.badge, text_color=_COLOURS[row.state])
        if before is None or before.details != row.details:
            self._details.configure(text=row.details)
        if before is None or before.share != row.share:
            self._show_share(row.share)
        if before is None or before.problem != row.problem:
            self._problem.show(row.problem)
        if before is None or before.actions != row.actions:
            self._show_buttons(row)

    def _show_share(self, share: float | None) -> None:
        if share is None:
            self._bar.grid_forget()
        else:
            self._bar.set(share)
            self._bar.grid(row=1, column=0, columnspan=2, sticky="ew", padx=10, pady=(6, 0))

    def _show_buttons(self, row: JobRow) -> None:
        clear(self._buttons)
        for column, action in enumerate(row.actions):
            kind = _KINDS.get(action, "quiet")
            made = button(self._buttons, text(action), self._acting(action), kind=kind, height=28)
            made.grid(row=0, column=column, padx=2)

    def _acting(self, action: Action) -> Callable[[], None]:
        def act() -> None:
            if self._row is not None:
                self._presenter.act(self._row, action)

        return act
