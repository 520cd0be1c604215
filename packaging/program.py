"""Entry point of the bundled program: the command line, or a child process of it."""

import sys

from roop.pipeline.workers.child_process import CHILD_FLAG, run_child

if sys.argv[1:2] == [CHILD_FLAG]:
    run_child(sys.argv[2:])
    sys.exit()

from roop.cli import main

sys.exit(main())
