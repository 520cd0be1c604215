"""Which rows of the catalogue find faces and tell people apart on this machine."""

from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Settings

EMBEDDED_DETECTOR = "blazeface"
"""The family of detectors that needs no download."""

RECOGNISERS = ("w600k_r50", "sface")
"""The rows that recognise people, the best first."""


def detector_model(name: str, folder: ModelFolder) -> str:
    """Return the catalogue's name of the detector called ``name`` on this machine.

    Raises:
        ModelError: There is none.
    """
    model = folder.catalogue.choose("detect", name)
    return embedded_models(folder)[0] if model.family == EMBEDDED_DETECTOR else model.name


def recogniser_model(folder: ModelFolder, settings: Settings) -> str | None:
    """Return the name of the best recogniser whose weights are here and may be used, if any."""
    for name in RECOGNISERS:
        model = folder.catalogue[name]
        allowed = settings.licence == "any" or model.commercial
        if allowed and folder.problem(model) is None:
            return name
    return None
