"""Shows the upload, then the address and its QR code."""

import io

from PIL import Image, ImageTk

from roop.window.jobs.sharing import SharedOutput
from roop.window.session import Session
from roop.window.texts import text
from roop.window.widgets.basics import Widget
from roop.window.widgets.overlay import Answer, Overlay

_SIDE = 220
"""Of the QR code, without scaling."""


class ShareView:
    """Covers the window while something is shared.

    Args:
        root: The window.
        session: What is shown.
    """

    def __init__(self, root: Widget, session: Session) -> None:
        self._root = root
        self._presenter = session.sharing
        self._overlay: Overlay | None = None
        self._jobs = session.jobs
        self._presenter.state.watch(self._show)
        self._presenter.problem.watch(self._show_problem)

    def _show_problem(self, line: object) -> None:
        self._jobs.problem.value = self._presenter.problem.value

    def _show(self, state: str | SharedOutput) -> None:
        if self._overlay is not None:
            self._overlay.close()
            self._overlay = None
        if isinstance(state, SharedOutput):
            self._show_address(state)
        elif state == "uploading":
            answers = [Answer(text("cancel"), self._presenter.stop)]
            self._overlay = Overlay(self._root, text("share"), text("sharing"), answers)

    def _show_address(self, shared: SharedOutput) -> None:
        scale = self._root._get_window_scaling()
        side = round(_SIDE * scale)
        code = Image.open(io.BytesIO(shared.qr)).convert("RGB").resize((side, side))

        def copy() -> None:
            self._root.clipboard_clear()
            self._root.clipboard_append(shared.address)
            self._presenter.close()

        answers = [
            Answer(text("copy"), copy, "primary"),
            Answer(text("unshare"), lambda: self._presenter.delete(shared), "danger"),
            Answer(text("close"), self._presenter.close),
        ]
        words = f"{shared.address}\n{shared.until}"
        self._overlay = Overlay(self._root, text("share"), words, answers)
        self._overlay.add_picture(ImageTk.PhotoImage(code))
