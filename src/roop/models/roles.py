"""The detector and the recogniser to use on this machine."""

from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Settings

EMBEDDED_DETECTOR = "blazeface"
"""The family of the built-in detector."""

RECOGNISERS = ("w600k_r50", "sface")
"""Models that recognise people, the best first."""


def detector_model(name: str, folder: ModelFolder) -> str:
    """Return the catalogue name of a detector's model on this machine.

    Args:
        name: A detector or a family of detectors.
        folder: Where models are stored.

    Raises:
        ModelError: There is no such detector.
    """
    model = folder.catalogue.choose("detect", name)
    return embedded_models(folder)[0] if model.family == EMBEDDED_DETECTOR else model.name


def recogniser_model(folder: ModelFolder, settings: Settings) -> str | None:
    """Return the best recogniser that is present and whose licence is allowed, None without one."""
    for name in RECOGNISERS:
        model = folder.catalogue[name]
        allowed = settings.licence == "any" or model.commercial
        if allowed and folder.problem(model) is None:
            return name
    return None
