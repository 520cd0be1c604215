"""The examples of docs/serve.md, run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from support.clips import times
from support.server import Server
from support.terminal import ROOT

pytestmark = pytest.mark.slow

TEXT = (ROOT / "docs" / "serve.md").read_text()


def example(language: str, server: Server) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```\n", TEXT, re.DOTALL)
    url = httpx.URL(server.address)
    return str(block).replace("127.0.0.1:8000", f"{url.host}:{url.port}")


@pytest.fixture
def folder(files: dict[str, Path], tmp_path: Path) -> Path:
    (tmp_path / "face.jpg").write_bytes(files["hopper"].read_bytes())
    (tmp_path / "video.mp4").write_bytes(files["pair"].read_bytes())
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert times(folder / "result.mp4") == times(folder / "video.mp4")
    return done.stdout


def test_curl(server: Server, folder: Path) -> None:
    script = "set -euo pipefail\n" + example("sh", server)
    printed = run(["bash", "-c", script], folder)
    assert printed.splitlines()[-1] == '"state":"succeeded"'


def test_python(server: Server, folder: Path) -> None:
    (folder / "example.py").write_text(example("python", server))
    printed = run([sys.executable, "example.py"], folder)
    assert printed.splitlines()[-1].startswith("succeeded {'frames': 20")


def test_javascript(server: Server, folder: Path) -> None:
    script = f"""
import {{ openAsBlob }} from "node:fs";
import {{ writeFile }} from "node:fs/promises";
{example("js", server)}
const result = await swap(await openAsBlob("face.jpg"), await openAsBlob("video.mp4"));
await writeFile("result.mp4", Buffer.from(await result.arrayBuffer()));
"""
    (folder / "example.mjs").write_text(script)
    run(["node", "example.mjs"], folder)
