"""The card of the file to change."""

from collections.abc import Callable
from pathlib import Path

from roop.window import theme
from roop.window.selection import Target
from roop.window.session import Session
from roop.window.texts import clock, text
from roop.window.widgets.basics import ErrorLine, Widget, button, card, label
from roop.window.widgets.drop_zone import DropZone
from roop.window.widgets.drops import OnFiles, accept_drops

_NAME = 30
"""Most letters of a file's name."""


class TargetView:
    """Shows the chosen file and takes another one.

    Args:
        master: Its parent.
        session: What is shown.
        choose: Opens a dialog for files, and hands on what was chosen.
    """

    def __init__(self, master: Widget, session: Session, choose: Callable[[OnFiles], None]) -> None:
        presenter = session.target
        self._selection = session.selection
        self._presenter = presenter
        self.frame = card(master, text("target"))
        self.zone = DropZone(
            self.frame,
            (text("targetDrop"), text("choose"), text("targetFormats")),
            lambda: choose(presenter.choose),
            124,
        )
        self._name = label(self.frame, bold=True, wrap=260)
        self._facts = label(self.frame, size=12, colour=theme.MUTED, wrap=260)
        self._change = button(self.frame, text("targetReplace"), lambda: choose(presenter.choose))
        wide = {"column": 0, "sticky": "ew", "padx": theme.GAP + 2}
        self._problem = ErrorLine(self.frame, {"row": 5, "pady": (0, theme.GAP), **wide})
        accept_drops(self.frame, presenter.choose, self.zone.hover)
        session.selection.target.watch(self._show)
        session.selection.more_targets.watch(lambda _: self._show(session.selection.target.value))
        presenter.reading.watch(self._reading)
        presenter.problem.watch(self._problem.show)

    def _show(self, target: Target | None) -> None:
        if target is None:
            self.zone.frame.grid(row=1, column=0, sticky="ew", padx=theme.GAP, pady=(0, theme.GAP))
            return
        self.zone.frame.grid_forget()
        self._name.configure(text=_short(target.path))
        self._facts.configure(text=self._described(target))
        inside = {"column": 0, "sticky": "w", "padx": theme.GAP + 2}
        self._name.grid(row=2, **inside)
        self._facts.grid(row=3, pady=(0, 8), **inside)
        self._change.grid(row=4, pady=(0, theme.GAP), **inside)

    def _described(self, target: Target) -> str:
        width, height = target.size
        facts = text("targetFacts", width=width, height=height)
        if target.moves and target.duration_s:
            facts += f" · {clock(target.duration_s)}"
        more = len(self._selection.more_targets.value)
        return f"{facts}\n{text('targetMore', count=more)}" if more else facts

    def _reading(self, path: Path | None) -> None:
        busy = path is not None
        self.zone.say(text("targetChecking" if busy else "targetDrop"))
        self._change.configure(text=text("targetChecking" if busy else "targetReplace"))


def _short(path: Path) -> str:
    name = path.name
    return name if len(name) <= _NAME else f"{name[: _NAME // 2]}…{name[-_NAME // 2 + 2 :]}"
