"""The card of the camera."""

import tkinter
from typing import Any

import customtkinter as ctk
from PIL import ImageTk

from roop.window import theme
from roop.window.live.presenter import CameraChoice
from roop.window.pictures import Picture
from roop.window.selection import Line
from roop.window.session import Session
from roop.window.settings.fields import switch
from roop.window.texts import text
from roop.window.widgets.basics import ErrorLine, Widget, button, card, label
from roop.window.widgets.choice import choice


class LiveView:
    """Shows the camera's swapped picture, and what can be done with it.

    Args:
        master: Its parent.
        session: What is shown.
    """

    def __init__(self, master: Widget, session: Session) -> None:
        self._presenter = presenter = session.live
        self._image: ImageTk.PhotoImage | None = None
        self.frame = card(master)
        self.frame.grid_rowconfigure(1, weight=1)
        self._top().grid(row=0, column=0, sticky="ew", padx=theme.GAP, pady=theme.GAP)
        self.canvas = tkinter.Canvas(self.frame, bg=theme.SUNKEN, highlightthickness=0)
        self.canvas.grid(row=1, column=0, sticky="nsew", padx=theme.GAP)
        scale = self.frame._get_widget_scaling()
        self._picture = self.canvas.create_image(0, 0, anchor="center")
        self._words = self.canvas.create_text(
            0, 0, fill=theme.MUTED, font=theme.font(round(14 * scale)), justify="center"
        )
        self.canvas.bind("<Configure>", lambda event: self._place())
        self._figures = label(self.frame, size=12, colour=theme.GREEN)
        self._figures.grid(row=2, column=0, sticky="w", padx=theme.GAP + 2, pady=(6, 0))
        place = {"row": 3, "column": 0, "sticky": "w", "padx": theme.GAP + 2}
        self._line = ErrorLine(self.frame, place, 620)
        self._bottom().grid(row=4, column=0, sticky="ew", padx=theme.GAP, pady=theme.GAP)
        presenter.cameras.watch(self._offer)
        presenter.camera.watch(lambda name: self._menu.set(name or text("cameraNone")))
        presenter.state.watch(lambda _: self._show_state())
        presenter.picture.watch(self._show)
        presenter.figures.watch(lambda words: self._figures.configure(text=words))
        presenter.note.watch(lambda _: self._show_line())
        presenter.problem.watch(lambda _: self._show_line())
        presenter.recording.watch(self._show_recording)
        presenter.virtual_cameras.watch(self._show_virtual)
        session.selection.photos.watch(lambda _: self._show_state())

    def _top(self) -> Widget:
        presenter, row = self._presenter, ctk.CTkFrame(self.frame, fg_color="transparent")
        label(row, text("camera"), bold=True, size=14).grid(row=0, column=0, padx=(2, 10))
        self._menu = choice(row, [], presenter.choose, width=220)
        self._menu.grid(row=0, column=1)
        again = button(row, text("cameraRefresh"), presenter.find_cameras, kind="link")
        again.grid(row=0, column=2, padx=6)
        return row

    def _bottom(self) -> Widget:
        presenter, row = self._presenter, ctk.CTkFrame(self.frame, fg_color="transparent")
        self.start = button(
            row, text("cameraStart"), self._start_or_stop, kind="primary", width=180, height=40
        )
        self.start.grid(row=0, column=0)
        self._record = button(
            row, text("record"), lambda: presenter.record(not presenter.recording.value)
        )
        self._record.grid(row=0, column=1, padx=(12, 0))
        self._still = button(row, text("still"), presenter.take_snapshot)
        self._still.grid(row=0, column=2, padx=(8, 0))
        mirror = switch(row, presenter.mirror)
        label(row, text("mirror")).grid(row=0, column=3, padx=(16, 6))
        mirror.grid(row=0, column=4)
        self._others = ctk.CTkFrame(row, fg_color="transparent")
        label(self._others, text("virtualCamera")).grid(row=0, column=0, padx=(4, 6))
        switch(self._others, self._show_to_others).grid(row=0, column=1)
        return row

    def _start_or_stop(self) -> None:
        if self._presenter.state.value == "off":
            self._presenter.start()
        else:
            self._presenter.stop()

    def _show_to_others(self, on: bool) -> None:
        self._presenter.to_others.value = on
        if self._presenter.state.value != "off":
            self._presenter.start()

    def _offer(self, cameras: tuple[CameraChoice, ...]) -> None:
        names = [camera.name for camera in cameras]
        self._menu.configure(values=names or [text("cameraNone")])
        self._menu.set(self._presenter.camera.value or text("cameraNone"))

    def _show_state(self) -> None:
        presenter = self._presenter
        state = presenter.state.value
        kind: theme.ButtonKind = "primary" if state == "off" else "danger"
        words = text("cameraStart" if state == "off" else "cameraStop")
        self.start.configure(text=words, **theme.BUTTONS[kind])
        for each in (self._record, self._still):
            each.configure(state="normal" if state == "live" else "disabled")
        hints = {"off": "cameraNothingKept", "loading": "cameraLoading"}
        if state == "off" and not presenter.selection.sources():
            hints["off"] = "cameraNeedsFace"
        hint = text(hints[state]) if state in hints else ""
        self.canvas.itemconfigure(self._words, text=hint)

    def _show_line(self) -> None:
        problem, note = self._presenter.problem.value, self._presenter.note.value
        line: Line | None = problem or note
        self._line.show(line, theme.PINK_TEXT if problem else theme.MUTED)

    def _show_recording(self, on: bool) -> None:
        colours: dict[str, Any] = theme.BUTTONS["danger" if on else "quiet"]
        self._record.configure(text=text("recordEnd" if on else "record"), **colours)

    def _show_virtual(self, names: tuple[str, ...]) -> None:
        if names:
            self._others.grid(row=1, column=0, columnspan=5, sticky="w", pady=(8, 0))
        else:
            self._others.grid_forget()

    def _show(self, picture: Picture | None) -> None:
        """Put a frame on the screen; its size changes with the window's only."""
        self.canvas.itemconfigure(self._picture, state="hidden" if picture is None else "normal")
        if picture is None:
            return
        if self._image is None or (self._image.width(), self._image.height()) != picture.size:
            self._image = ImageTk.PhotoImage(picture)
            self.canvas.itemconfigure(self._picture, image=self._image)
        else:
            self._image.paste(picture)

    def _place(self) -> None:
        self._presenter.room = self.canvas.winfo_width(), self.canvas.winfo_height()
        middle = self.canvas.winfo_width() / 2, self.canvas.winfo_height() / 2
        self.canvas.coords(self._picture, *middle)
        self.canvas.coords(self._words, *middle)
