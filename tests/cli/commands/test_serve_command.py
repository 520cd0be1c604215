"""What ``roop serve`` prints at a terminal."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.terminal import command, environment, read_terminal

pty = pytest.importorskip("pty", reason="Windows has no such terminals")


@pytest.mark.parametrize(("host", "drawn"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_code_for_the_phone(tmp_path: Path, host: str, drawn: bool) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("serve", "--port", "0", "--accept-terms", "--host", host),
        env=environment() | {"XDG_DATA_HOME": str(tmp_path), "TERM": "dumb"},
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        printed = ""
        while "Ctrl+C ends the server" not in printed:
            printed += os.read(ours, 65536).decode(errors="replace")
        process.send_signal(signal.SIGINT)
        read_terminal(ours)
    assert ("█" in printed) == drawn
    assert ("/enter?token=" in printed) == drawn
