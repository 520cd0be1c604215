"""The command under the name that the original tool's users know: the same as ``roop swap``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))  # works from a clone without installing

from roop.cli import main

sys.exit(main(["swap", *(sys.argv[1:] or ["--help"])]))
