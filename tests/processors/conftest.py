import pytest

from roop.models.loader import Models
from roop.options import Settings
from support.networks import make_models


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Stand-ins for the networks that processors run."""
    folder = tmp_path_factory.mktemp("models")
    settings = Settings(models=folder, offline=True, execution_threads=1)
    return Models(settings, catalogue=make_models(folder))
