"""What signing a long film costs."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np

from support.outputs import store

SIGN = """
import json, resource, sys
from pathlib import Path
from roop.options import Settings
from roop.provenance.credentials import sign
from roop.provenance.marks import make_statement
from roop.provenance.signer import choose_signer
film, small = Path(sys.argv[1]), Path(sys.argv[2])
peaks = []
for path in (small, film):
    sign(path, make_statement("mesh", ()), choose_signer(Settings(), print))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(json.dumps(peaks))
"""


def long_film(path: Path, mib: int) -> Path:
    """Write so many MiB of silence, which nothing compresses."""
    with av.open(str(path), "w") as made:
        made.add_stream("pcm_s16le", rate=48000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2**19), np.int16), layout="mono")
        silence.rate = 48000
        for number in range(mib):
            silence.pts = number * 2**19
            made.mux(made.streams[0].encode(silence))
    return path


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    film, small = long_film(tmp_path / "long.mov", 160), long_film(tmp_path / "short.mov", 1)
    run = [sys.executable, "-c", SIGN, str(film), str(small)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=True)
    before, after = json.loads(done.stdout)
    assert after - before < 80
    assert store(film.read_bytes())[0] == "Valid"
    with film.open("r+b") as file:
        file.seek(film.stat().st_size // 2)
        file.write(b"\1")
    assert store(film.read_bytes())[0] == "Invalid"
