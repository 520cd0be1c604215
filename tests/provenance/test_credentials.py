"""The memory it takes to sign a long video."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from support.outputs import store

SIGN = """
import json, resource, sys
from pathlib import Path
from roop.options import Settings
from roop.provenance.credentials import sign
from roop.provenance.marks import make_statement
from roop.provenance.signer import choose_signer
large, small = Path(sys.argv[1]), Path(sys.argv[2])
peaks = []
for path in (small, large):
    sign(path, make_statement("mesh", ()), choose_signer(Settings(), print))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(json.dumps(peaks))
"""


def silent_audio(path: Path, mib: int) -> Path:
    """Write a MOV file of ``mib`` MiB of uncompressed silence."""
    with av.open(str(path), "w") as output:
        output.add_stream("pcm_s16le", rate=48000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2**19), np.int16), layout="mono")
        silence.rate = 48000
        for number in range(mib):
            silence.pts = number * 2**19
            output.mux(output.streams[0].encode(silence))
    return path


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    large, small = silent_audio(tmp_path / "l.mov", 160), silent_audio(tmp_path / "s.mov", 1)
    run = [sys.executable, "-c", SIGN, str(large), str(small)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=True)
    before, after = json.loads(done.stdout)
    assert after - before < 80
    assert store(large.read_bytes())[0] == "Valid"
    with large.open("r+b") as file:
        file.seek(large.stat().st_size // 2)
        file.write(b"\1")
    assert store(large.read_bytes())[0] == "Invalid"
