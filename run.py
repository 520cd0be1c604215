"""The command under the name that the original tool's users know: the same as ``roop swap``."""

import sys
from pathlib import Path

# Old Pythons must be able to read this far: no f-string.
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit("error: roop needs Python 3.11 to 3.14, not %d.%d" % sys.version_info[:2])  # noqa: UP031

sys.path.insert(0, str(Path(__file__).parent / "src"))  # works from a clone without installing

from roop.cli import main

sys.exit(main(["swap", *sys.argv[1:]] if sys.argv[1:] else ["window"]))
