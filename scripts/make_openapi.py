"""Write the schema of the server's API, as the code defines it, into docs/openapi.json."""

import json
import sys
import tempfile
from pathlib import Path

from roop.jobs.queue import Queue
from roop.options import Settings, ShareOptions
from roop.processors import BUILTIN
from roop.processors.base import Registry
from roop.server.app import Setup, create_app
from roop.server.options import ServerOptions
from roop.server.studio.job_defaults import JobDefaults

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


def main(file: Path = FILE) -> None:
    """Write the schema into ``file``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Queue(folder / "jobs.sqlite3") as queue:
            registry = Registry(BUILTIN)
            setup = Setup(
                ServerOptions(),
                Settings(),
                registry,
                queue,
                folder,
                ShareOptions(),
                JobDefaults(),
                token=None,
            )
            schema = create_app(setup).openapi()
    file.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
