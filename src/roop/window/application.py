"""Opens the window, and remembers what it is left with."""

from roop.studio.detached_runner import start_detached
from roop.window import preferences as saved
from roop.window.main_window import MainWindow
from roop.window.session import WindowSetup, opened


def run(setup: WindowSetup) -> None:
    """Show the window until it is closed.

    Args:
        setup: What this machine has.

    Raises:
        MediaError: The queue cannot be opened.
    """
    file = saved.preferences_file()
    preferences, notice = saved.load(file)
    with opened(setup) as session:
        session.selection.options.value = dict(preferences.options)
        session.starter.folder.value = preferences.outputs
        session.live.camera.value = preferences.camera
        window = MainWindow(session, preferences, notice)
        window.run()
        left = {
            "options": dict(session.selection.options.value),
            "outputs": session.starter.folder.value,
            "camera": session.live.camera.value,
        }
        saved.save(file, window.preferences.model_copy(update=left))
    if window.goes_on:  # now that the jobs are free again
        start_detached(session.queue.path, setup.settings)
