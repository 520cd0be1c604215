"""The processes that do jobs, and what of a long job is finished."""

from pathlib import Path

import psutil


def finished_segments(output: Path) -> int:
    """Return how many segments of an unfinished output are safe."""
    return sum(path.stem.isdecimal() for path in output.parent.glob(".roop-work-*/*.json"))


def job_processes(parent: int | None = None) -> list[psutil.Process]:
    """Return the processes that do jobs for a process, by default for this one."""
    children = psutil.Process(parent).children()
    return [child for child in children if "job_process" in _command(child)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""
