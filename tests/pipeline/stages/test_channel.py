"""Stages that pass items on: whatever happens in one of them, all end and the first error wins."""

import signal
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from roop.errors import CancelledError, MediaError
from roop.pipeline.stages.channel import Channel, StageThreads

MANY = 200
"""More items than any channel here holds."""


class FrameStages:
    """A reader, a middle and a writer around two channels of two places each, as in a job."""

    def __init__(self, **faults: Callable[[int], None]) -> None:
        self.cancel = threading.Event()
        self.faults = faults
        self.written: list[int] = []

    def run(self) -> None:
        stages = StageThreads(self.cancel)
        first: Channel[int] = Channel(2, stages)
        second: Channel[int] = Channel(2, stages)

        def read() -> None:
            for number in range(MANY):
                self._meet("reader", number)
                first.put(number)
            first.close()

        def change() -> None:
            for number in first:
                self._meet("middle", number)
                second.put(number)
            second.close()

        def write() -> None:
            for number in second:
                self._meet("writer", number)
                self.written.append(number)

        stages.spawn(read, "reader")
        stages.spawn(write, "writer")
        stages.guard(change)
        stages.join()

    def _meet(self, stage: str, number: int) -> None:
        if fault := self.faults.get(stage):
            fault(number)


def failing(at: int, error: BaseException) -> Callable[[int], None]:
    def fault(number: int) -> None:
        if number == at:
            raise error

    return fault


def test_everything_arrives_in_order() -> None:
    line = FrameStages()
    line.run()
    assert line.written == list(range(MANY))


@pytest.mark.parametrize("stage", ["reader", "middle", "writer"])
@pytest.mark.parametrize("at", [0, 7, MANY - 1])
def test_the_error_of_any_stage_reaches_the_caller(stage: str, at: int) -> None:
    error = MediaError("item is bad")
    line = FrameStages(**{stage: failing(at, error)})
    with pytest.raises(MediaError) as caught:
        line.run()
    assert caught.value is error
    assert line.written == list(range(len(line.written)))


@pytest.mark.parametrize("stage", ["reader", "middle", "writer"])
def test_even_an_exit_in_a_stage_is_not_lost(stage: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        FrameStages(**{stage: failing(3, KeyboardInterrupt())}).run()


def test_the_first_of_two_errors_wins() -> None:
    first, second = MediaError("first"), MediaError("second")
    failed = threading.Event()

    def reader(number: int) -> None:
        if number == 5:
            failed.set()
            raise first

    def writer(number: int) -> None:
        if failed.wait(0.001) and number > 0:
            time.sleep(0.2)  # the reader's thread has long noted its own
            raise second

    with pytest.raises(MediaError, match="first"):
        FrameStages(reader=reader, writer=writer).run()


@pytest.mark.parametrize("stage", ["reader", "middle", "writer"])
def test_cancelling_from_any_stage_ends_all(stage: str) -> None:
    line = FrameStages()

    def cancel(number: int) -> None:
        if number == 4:
            line.cancel.set()

    line.faults = {stage: cancel}
    with pytest.raises(CancelledError):
        line.run()
    assert len(line.written) < MANY


def test_cancelled_before_the_start() -> None:
    line = FrameStages()
    line.cancel.set()
    with pytest.raises(CancelledError):
        line.run()
    assert line.written == []


def test_a_slow_writer_holds_the_reader_back() -> None:
    read: list[int] = []
    ahead: list[int] = []
    line = FrameStages(reader=read.append)
    line.faults["writer"] = lambda number: ahead.append(len(read) - number)
    line.run()
    assert max(ahead) <= 2 + 2 + 3  # two channels of two, and one item in each stage's hands


def test_what_has_been_handed_on_is_held_no_longer_while_the_next_is_awaited() -> None:
    class Large:
        """As a frame of 4K is."""

    stages = StageThreads(threading.Event())
    channel: Channel[Large] = Channel(1, stages)
    used = threading.Event()
    freed: list[bool] = []

    def make() -> None:
        item = Large()
        remembered = weakref.ref(item)
        channel.put(item)
        del item
        used.wait()
        deadline = time.monotonic() + 5
        while remembered() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        freed.append(remembered() is None)
        channel.close()

    def use() -> None:
        for item in channel:
            del item
            used.set()

    stages.spawn(make, "make")
    stages.guard(use)
    stages.join()
    assert freed == [True]


def test_an_interrupt_while_joining_leaves_no_thread() -> None:
    # A program started in the background has SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    stages = StageThreads(threading.Event())
    interrupted = threading.Event()

    def slow() -> None:
        interrupted.wait(0.3)  # by then the main thread waits in join
        signal.raise_signal(signal.SIGINT)
        interrupted.wait(0.3)

    stages.spawn(slow, "slow")
    try:
        with pytest.raises(KeyboardInterrupt):
            stages.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [t for t in threading.enumerate() if t.name == "slow"]
