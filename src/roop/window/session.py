"""Everything behind the window: the queue, the runner, the studio, and the presenters."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from roop.home import user_folder
from roop.jobs.queue import Queue
from roop.options import Settings, ShareOptions
from roop.processors.base import Registry
from roop.studio.change_feed import ChangeFeed
from roop.studio.runner import Runner
from roop.studio.studio_client import StudioClient
from roop.window.jobs.presenter import JobsPresenter
from roop.window.jobs.sharing import SharePresenter
from roop.window.jobs.starter import Desk, Starter
from roop.window.live.presenter import LivePresenter
from roop.window.mailbox import Mailbox
from roop.window.preview.presenter import PreviewPresenter
from roop.window.selection import Selection
from roop.window.settings.presenter import SettingsPresenter
from roop.window.source.presenter import SourcePresenter
from roop.window.target.presenter import TargetPresenter
from roop.window.tasks import Tasks


@dataclass(frozen=True, slots=True)
class WindowSetup:
    """What a window is started with."""

    settings: Settings
    """What this machine has."""
    registry: Registry
    """The available processors."""
    sharing: ShareOptions
    """Where and how results are shared."""
    cameras: Mapping[str, Mapping[str, Any]]
    """Cameras of the configuration: the options of each by its name."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the views of one window show."""

    setup: WindowSetup
    tasks: Tasks
    queue: Queue
    selection: Selection
    source: SourcePresenter
    target: TargetPresenter
    preview: PreviewPresenter
    settings: SettingsPresenter
    starter: Starter
    jobs: JobsPresenter
    live: LivePresenter
    sharing: SharePresenter


@contextmanager
def opened(setup: WindowSetup) -> Iterator[Session]:
    """Open the queue and start what works in the background, until the window is closed.

    Raises:
        MediaError: The queue cannot be opened.
    """
    with ExitStack() as stack:
        queue = stack.enter_context(Queue(user_folder() / "jobs.sqlite3"))
        feed = stack.enter_context(ChangeFeed(queue))
        stack.enter_context(Runner(queue, setup.settings))
        studio = stack.enter_context(StudioClient(setup.settings))
        tasks = stack.enter_context(Tasks(Mailbox(), studio))
        tasks.run(studio.start, _ignore, _ignore)
        selection = Selection()
        can_share = bool(setup.sharing.to) and find_spec("obstore") is not None
        jobs = JobsPresenter(queue, tasks, can_share=can_share)
        stack.callback(feed.subscribe(jobs.listen))
        jobs.load()
        sharing = SharePresenter(tasks, setup.sharing)
        jobs.share = sharing.share
        starter = Starter(selection, tasks, Desk(queue, setup.registry))
        starter.submitted = jobs.add
        yield Session(
            setup,
            tasks,
            queue,
            selection,
            SourcePresenter(selection, tasks),
            TargetPresenter(selection, tasks),
            PreviewPresenter(selection, tasks),
            SettingsPresenter(selection, setup.registry),
            starter,
            jobs,
            stack.enter_context(LivePresenter(selection, tasks, setup.settings, setup.cameras)),
            sharing,
        )


def _ignore(outcome: object) -> None:
    """Nothing depends on it."""
