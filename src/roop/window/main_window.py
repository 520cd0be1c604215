"""The window: its cards, its shortcuts, its end."""

import tkinter
from collections.abc import Callable, Sequence
from pathlib import Path

import customtkinter as ctk

from roop.errors import CancelledError, RoopError, unexpected
from roop.terms import remember_terms, terms_seen
from roop.window import theme
from roop.window.jobs.share_view import ShareView
from roop.window.jobs.view import JobsView
from roop.window.live.view import LiveView
from roop.window.preferences import Preferences
from roop.window.preview.view import PreviewView
from roop.window.selection import Line
from roop.window.session import Session
from roop.window.settings.view import SettingsView
from roop.window.source.view import SourceView
from roop.window.start_bar import StartBar
from roop.window.target.people_view import PeopleView
from roop.window.target.view import TargetView
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, card, label
from roop.window.widgets.drops import OnFiles, accept_drops, ask_files, load_drops
from roop.window.widgets.overlay import Answer, Overlay
from roop.window.widgets.scrolling import scrolling
from roop.window.widgets.segments import choose, segments

_PERIOD_MS = 30
"""How often the mailbox is emptied."""

_LEFT = 300
"""Width of the left column, without scaling."""

_WIDE = 1130
"""Width from which the jobs stand beside the preview, without scaling."""


_FILES, _CAMERA, _JOBS = range(3)
"""What is shown."""


class MainWindow:
    """The window with all its cards.

    Args:
        session: What is shown.
        preferences: Size and folders.
        notice: A line about the start.
    """

    def __init__(self, session: Session, preferences: Preferences, notice: Line | None) -> None:
        self.session = session
        self.preferences = preferences
        self.root = ctk.CTk(className="Roop")
        self.root.withdraw()
        theme.apply(self.root)
        theme.apply_to_dialogs(self.root)
        self.root.configure(fg_color=theme.GROUND)
        self.root.title("roop")
        self._scale(preferences.scale or theme.screen_scale(self.root))
        load_drops(self.root)
        self._wide, self._mode = True, _FILES
        self._build(notice)
        self._bind()
        self._place()
        self.root.report_callback_exception = self._failed
        self.goes_on = False
        """True if jobs go on after the window is closed."""
        self._question: Overlay | None = None
        session.jobs.rows.watch(lambda _: self._close_after_jobs())
        if not terms_seen():
            self._ask_consent()
        self.root.deiconify()

    def run(self) -> None:
        """Show it until it is closed."""
        self._turn()
        self.root.mainloop()

    def _turn(self) -> None:
        self.session.tasks.mailbox.run_due()
        self.root.after(_PERIOD_MS, self._turn)

    def _scale(self, scale: float) -> None:
        ctk.set_widget_scaling(scale)
        ctk.set_window_scaling(scale)

    def _place(self) -> None:
        """Give the window its size, as far as the screen has room."""
        root, scale = self.root, ctk.ScalingTracker.get_window_scaling(self.root)
        width = min(self.preferences.width, root.winfo_screenwidth() / scale)
        height = min(self.preferences.height, root.winfo_screenheight() / scale)
        root.geometry(f"{round(width)}x{round(height)}")
        root.minsize(round(min(860, width)), round(min(500, height)))

    def _build(self, notice: Line | None) -> None:
        root = self.root
        root.grid_columnconfigure(1, weight=1)
        root.grid_rowconfigure(2, weight=1)
        self._header().grid(row=0, column=0, columnspan=2, sticky="ew")
        place = {"row": 1, "column": 0, "columnspan": 2, "sticky": "w", "padx": 18}
        self._notice = ErrorLine(root, place, 900)
        self._notice.show(notice)
        self._left().grid(row=2, column=0, sticky="nsew", padx=(6, 0), pady=(0, 8))
        self._main = ctk.CTkFrame(root, fg_color="transparent")
        self._main.grid(row=2, column=1, sticky="nsew", padx=theme.GAP, pady=(0, theme.GAP))
        self._live: LiveView | None = None
        self._stage_card = self._stage()
        self.jobs = JobsView(self._main, self.session)
        self._arrange()
        self._share = ShareView(root, self.session)
        self._main.bind("<Configure>", lambda event: self._resized())

    def _header(self) -> Widget:
        header = ctk.CTkFrame(self.root, fg_color="transparent")
        header.grid_columnconfigure(1, weight=1)
        label(header, "roop", size=22, bold=True, colour=theme.CYAN).grid(
            row=0, column=0, padx=(18, 10), pady=10
        )
        label(header, text("tagline"), size=13, colour=theme.MUTED).grid(
            row=0, column=1, sticky="w", pady=(4, 0)
        )
        words = (text("modeFile"), text("modeCamera"), text("jobs"))
        self._modes = segments(header, words, self._show_mode)
        self._modes.grid(row=0, column=2, padx=18)
        return header

    def _show_mode(self, number: int) -> None:
        """Show the card for files, that of the camera or, in a narrow window, the jobs."""
        if number == _CAMERA:
            if self._live is None:  # made when it is needed first
                self._live = LiveView(self._main, self.session)
            self.session.live.find_cameras()
        elif self._mode == _CAMERA:
            self.session.live.stop()
        self._mode = number
        self._arrange()

    def _left(self) -> Widget:
        column = scrolling(self.root, width=_LEFT)
        column.grid_columnconfigure(0, weight=1)
        self.source = SourceView(column, self.session, self._chooser(photos=True))
        self.target = TargetView(column, self.session, self._chooser(photos=False))
        self.settings = SettingsView(column, self.session)
        for row, frame in enumerate((self.source.frame, self.target.frame, self.settings.frame)):
            frame.grid(row=row, column=0, sticky="ew", padx=6, pady=(0, theme.GAP))
        return column

    def _stage(self) -> Widget:
        stage = card(self._main)
        stage.grid_rowconfigure(0, weight=1)
        inside = {"column": 0, "padx": theme.GAP, "sticky": "nsew"}
        self.preview = PreviewView(stage, self.session, self._detach)
        self.preview.frame.grid(row=0, pady=(theme.GAP, 4), **inside)
        self.people = PeopleView(stage, self.session, self._chooser(photos=True))
        self.people.frame.grid(row=1, pady=4, **inside)
        self.people.frame.grid_remove()
        self.start = StartBar(stage, self.session)
        self.start.frame.grid(row=2, pady=(4, theme.GAP), **inside)
        return stage

    def _detach(self) -> None:
        """Open a window with the preview alone."""
        own = ctk.CTkToplevel(self.root, fg_color=theme.GROUND)
        own.title(text("preview"))
        own.geometry("900x600")
        own.grid_columnconfigure(0, weight=1)
        own.grid_rowconfigure(0, weight=1)
        view = PreviewView(own, self.session)
        view.frame.grid(sticky="nsew", padx=theme.GAP, pady=theme.GAP)

        def close() -> None:
            view.close()
            own.destroy()

        own.protocol("WM_DELETE_WINDOW", close)
        own.bind("<Escape>", lambda event: close())
        own.after(150, own.focus_force)

    def _zoom(self, factor: float) -> None:
        """Make everything larger or smaller."""
        now = self.preferences.scale or theme.screen_scale(self.root)
        scale = 1.0 if factor == 0 else min(max(now * factor, 0.75), 3.0)
        self.preferences = self.preferences.model_copy(update={"scale": scale})
        ctk.set_widget_scaling(scale)

    def _resized(self) -> None:
        wide = self.root.winfo_width() >= _WIDE * ctk.ScalingTracker.get_widget_scaling(self.root)
        if wide != self._wide:
            self._wide = wide
            if wide and self._mode == _JOBS:
                self._mode = _FILES
                choose(self._modes, _FILES)
            self._arrange()

    def _arrange(self) -> None:
        """Put the cards in their places: in a wide window the jobs are always there."""
        main, live = self._main, self._live
        main.grid_columnconfigure(0, weight=1)
        main.grid_rowconfigure(0, weight=1)
        cards = {_FILES: self._stage_card, _CAMERA: live and live.frame, _JOBS: self.jobs.frame}
        for number, each in cards.items():
            if each is not None and number != self._mode:
                each.grid_forget()
        cards[self._mode].grid(row=0, column=0, sticky="nsew", padx=0)
        last = self._modes.parts[_JOBS]
        if self._wide:
            self.jobs.frame.grid(row=0, column=1, sticky="nsew", padx=(theme.GAP, 0))
            last.grid_remove()
        else:
            last.grid()

    def _chooser(self, *, photos: bool) -> Callable[[OnFiles], None]:
        def choose(take: OnFiles) -> None:
            kept = self.preferences
            folder = kept.source_folder if photos else kept.target_folder
            found = ask_files(self.root, photos_only=photos, several=True, folder=folder)
            if found:
                name = "source_folder" if photos else "target_folder"
                self.preferences = kept.model_copy(update={name: found[0].parent})
                take(found)

        return choose

    def _bind(self) -> None:
        accept_drops(self.root, self._dropped, lambda on: None)
        choose_photo, choose_target = self._chooser(photos=True), self._chooser(photos=False)
        session = self.session
        for key, act in (
            ("<Control-o>", lambda: choose_target(session.target.choose)),
            ("<Control-O>", lambda: choose_photo(session.source.add)),
            ("<Control-Return>", session.starter.start),
            ("<Control-q>", self.close),
            ("<Control-plus>", lambda: self._zoom(1.1)),
            ("<Control-equal>", lambda: self._zoom(1.1)),
            ("<Control-minus>", lambda: self._zoom(1 / 1.1)),
            ("<Control-Key-0>", lambda: self._zoom(0)),
            ("<F11>", self._detach),
        ):
            self.root.bind(key, _calling(act))
        self.root.protocol("WM_DELETE_WINDOW", self.close)

    def _dropped(self, paths: Sequence[Path]) -> None:
        """Take files dropped beside the cards: first a face, then a target."""
        if self.session.selection.sources():
            self.session.target.choose(paths)
        else:
            self.session.source.add(paths)

    def _ask_consent(self) -> None:
        answers = [
            Answer(text("consentAccept"), remember_terms, "primary"),
            Answer(text("consentDecline"), self._end),
        ]
        Overlay(self.root, text("consentTitle"), text("consentMore"), answers)

    def _failed(self, kind: object, error: BaseException, trace: object) -> None:
        """Show an error that nobody expected as a line."""
        if not isinstance(error, Exception) or isinstance(error, CancelledError):
            self._end()  # a signal
            return
        known = error if isinstance(error, RoopError) else unexpected(error)
        self._notice.show(Line.of(known))

    def close(self) -> None:
        """Close the window; if a job runs, ask first what happens to it."""
        jobs = self.session.jobs
        if self._question is not None:
            return
        if not jobs.unfinished:
            self._end()
            return

        def stay() -> None:
            self._question = None

        def go_on() -> None:
            self.goes_on = True
            self._end()

        answers = [
            Answer(text("closeBackground"), go_on, "primary"),
            Answer(text("closePause"), lambda: jobs.end_all("pause", self._end)),
            Answer(text("closeCancel"), lambda: jobs.end_all("cancel", self._end), "danger"),
            Answer(text("closeStay"), stay),
        ]
        self._question = Overlay(self.root, text("closeTitle"), text("closeQuestion"), answers)

    def _close_after_jobs(self) -> None:
        """Close the window if the question about running jobs has become pointless."""
        if self._question is not None and not self.session.jobs.unfinished:
            question, self._question = self._question, None
            question.close()
            self._end()

    def _end(self) -> None:
        """Remember the size and close the window."""
        self._question = None
        scale = ctk.ScalingTracker.get_window_scaling(self.root)
        size = {
            "width": round(self.root.winfo_width() / scale),
            "height": round(self.root.winfo_height() / scale),
        }
        self.preferences = self.preferences.model_copy(update=size)
        self.root.destroy()


def _calling(act: Callable[[], object]) -> "Callable[[tkinter.Event[tkinter.Misc]], str]":
    def call(event: object) -> str:
        act()
        return "break"

    return call
