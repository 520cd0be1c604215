"""Makes ``python -m roop`` the same as ``roop``."""

import sys

from roop.cli import main

sys.exit(main())
