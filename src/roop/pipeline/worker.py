"""A process that does segments of a long job: the child's side.

It is told on stdin and answers on stdout, one JSON object a line. It lives as long as its parent
keeps stdin open: whatever happens to the parent, no child stays behind.
"""

import faulthandler
import gc
import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

from roop.errors import CancelledError
from roop.heap import share_one_heap
from roop.media.timeline import Stretch
from roop.options import Job, Settings
from roop.pipeline.bench import Bench
from roop.pipeline.failure import told
from roop.pipeline.plan import Segment
from roop.pipeline.progress import Meter, Progress
from roop.pipeline.scout import Scout
from roop.pipeline.segment import run_segment
from roop.pipeline.work_folder import WorkFolder
from roop.processors import installed


def main() -> None:
    """Work until stdin ends."""
    share_one_heap()
    faulthandler.enable()  # what a crash in a library leaves behind; the parent keeps stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which decides
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library may print must not come between
    cancel = threading.Event()
    orders: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))
        cancel.set()
        orders.put(None)

    threading.Thread(target=listen, name="roop-orders", daemon=True).start()
    try:
        _work(orders, answers, cancel)
    except CancelledError:
        pass
    except BrokenPipeError:
        pass  # nobody listens any more
    except Exception as error:  # the edge of this process: the parent shows it
        _answer(answers, error=told(error))


def order_of(segment: Segment) -> dict[str, Any]:
    """Return a segment as JSON."""
    stretch = asdict(segment.stretch)
    times = {name: None if time is None else str(time) for name, time in stretch.items()}
    counts = {"number": segment.number, "frames": segment.frames, "lead": segment.lead}
    return {**counts, "time": str(segment.time), **times}


def _segment(order: dict[str, Any]) -> Segment:
    times = [order[name] for name in ("seek", "start", "end")]
    stretch = Stretch(*(None if time is None else Fraction(time) for time in times))
    time = Fraction(order["time"])
    return Segment(order["number"], stretch, time, order["frames"], order["lead"])


def _work(
    orders: "queue.Queue[dict[str, Any] | None]", answers: TextIO, cancel: threading.Event
) -> None:
    import cv2

    cv2.setNumThreads(1)  # there are other workers for the other cores
    brief = orders.get()
    if brief is None:
        return
    job, settings = Job.model_validate(brief["job"]), Settings.model_validate(brief["settings"])
    output, folder = Path(brief["output"]), WorkFolder(Path(brief["folder"]))

    def tell(seen: Progress) -> None:
        _answer(answers, counts=[seen.frames, seen.swapped, seen.faces, seen.seen])

    places = [None if place is None else Fraction(place) for place in brief["places"]]
    with Bench(job, settings, installed(), cancel=cancel) as bench:
        scout = Scout(bench, places, folder)
        gc.freeze()  # what was imported and loaded stays: no need to look through it again
        while (order := orders.get()) is not None:
            meter = Meter(None, tell)
            segment = _segment(order)
            run_segment(bench, segment, scout, output=output, folder=folder, meter=meter)
            _answer(answers, done=segment.number)


def _answer(answers: TextIO, **news: object) -> None:
    answers.write(json.dumps(news) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
