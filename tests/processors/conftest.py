import pytest

from faces.heads import astronaut, hopper
from roop.faces.analyser import Analyser
from roop.options import Settings
from roop.types import Portrait


@pytest.fixture(scope="session")
def analyser() -> Analyser:
    return Analyser(Settings())


@pytest.fixture(scope="session")
def woman(analyser: Analyser) -> Portrait:
    """The astronaut: smiles, shows teeth, evenly lit from the left."""
    return analyser.portrait(astronaut(), None, name="astronaut")


@pytest.fixture(scope="session")
def elder(analyser: Analyser) -> Portrait:
    """The officer: serious, lips closed, glasses, reddish light."""
    return analyser.portrait(hopper(), None, name="hopper")
