import pytest

from faces.heads import astronaut, hopper
from processors.networks import make_models
from roop.faces.analyser import Analyser
from roop.models.loader import Models
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


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Stand-ins for the networks that processors run."""
    folder = tmp_path_factory.mktemp("models")
    settings = Settings(models=folder, offline=True, execution_threads=1)
    return Models(settings, catalogue=make_models(folder))
