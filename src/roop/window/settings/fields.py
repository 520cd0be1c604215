"""The widget of one option."""

import tkinter
from collections.abc import Callable
from typing import Any

import customtkinter as ctk

from roop.window import theme
from roop.window.settings.presenter import Field, SettingsPresenter
from roop.window.widgets.basics import Widget
from roop.window.widgets.choice import choice
from roop.window.widgets.focus import take_focus_with_ring


def switch(master: Widget, write: Callable[[bool], None]) -> Widget:
    """Return a switch that calls ``write`` when the user changes it."""
    made = ctk.CTkSwitch(
        master,
        text="",
        width=44,
        fg_color=theme.RAISED_MORE,
        progress_color=theme.CYAN,
        button_color=theme.TEXT,
        button_hover_color=theme.TEXT,
        border_color=theme.SURFACE,
    )
    made.configure(command=lambda: write(bool(made.get())))
    take_focus_with_ring(made, made.toggle)
    return made


def make_field(
    master: Widget, presenter: SettingsPresenter, field: Field, *, empty: str, width: int = 110
) -> Widget:
    """Return the widget that shows and changes an option.

    Args:
        master: Its parent.
        presenter: Holds the value.
        field: The option.
        empty: Shown where nothing is typed.
        width: Without scaling.
    """
    if field.kind == "switch":
        made = switch(master, lambda on: presenter.set(field.name, on))
        if presenter.value(field):
            made.select()
        return made
    if field.kind == "choice":
        return _choice(master, presenter, field, width)
    if field.kind == "several":
        return _several(master, presenter, field)
    return _entry(master, presenter, field, empty, width)


def _choice(master: Widget, presenter: SettingsPresenter, field: Field, width: int) -> Widget:
    values = {str(value): value for value in field.choices}
    made = choice(
        master, list(values), lambda name: presenter.set(field.name, values[name]), width=width
    )
    made.set(str(presenter.value(field)))
    return made


def _several(master: Widget, presenter: SettingsPresenter, field: Field) -> Widget:
    frame = ctk.CTkFrame(master, fg_color="transparent")

    def write(value: Any, on: bool) -> None:  # noqa: ANN401 - of any option
        others = [each for each in presenter.value(field) if each != value]
        presenter.set(field.name, [*others, value] if on else others or None)

    def box(value: Any) -> Widget:  # noqa: ANN401 - of any option
        made = ctk.CTkCheckBox(
            frame,
            text=str(value),
            font=theme.font(12),
            checkbox_width=18,
            checkbox_height=18,
            border_width=2,
            fg_color=theme.CYAN,
            hover_color=theme.CYAN_DIM,
            checkmark_color=theme.ON_CYAN,
            border_color=theme.FAINT,
        )
        made.configure(command=lambda: write(value, bool(made.get())))
        if value in presenter.value(field):
            made.select()
        take_focus_with_ring(made, made.toggle)
        return made

    for row, value in enumerate(field.choices):
        box(value).grid(row=row, column=0, sticky="w", pady=2)
    return frame


def _entry(
    master: Widget, presenter: SettingsPresenter, field: Field, empty: str, width: int
) -> Widget:
    made = ctk.CTkEntry(
        master,
        width=width,
        height=28,
        placeholder_text=empty,
        placeholder_text_color=theme.FAINT,
        font=theme.font(12),
        fg_color=theme.SUNKEN,
        border_color=theme.LINE,
        border_width=1,
        text_color=theme.TEXT,
    )
    value = presenter.options.value.get(field.name)
    if value is not None:
        made.insert(0, f"{value}")

    def write(event: object) -> None:
        if not made.get().strip():
            made.delete(0, "end")
        good = presenter.type_in(field, made.get())
        made.configure(border_color=theme.LINE if good else theme.PINK)

    def focused(event: "tkinter.Event[tkinter.Misc]") -> None:
        made.configure(border_color=theme.CYAN)

    made.bind("<FocusIn>", focused)
    made.bind("<FocusOut>", write)
    made.bind("<Return>", write)
    return made
