"""Loading of ONNX files by the library that has the requested provider."""

from importlib.util import find_spec
from pathlib import Path

from roop.models.runtimes.base import ProviderError, Runtime
from roop.options import Provider, Settings


def load_runtime(
    name: Provider, source: Path | bytes, settings: Settings, *, few_runs: bool = False
) -> Runtime:
    """Load an ONNX file on exactly this provider.

    Args:
        name: The provider.
        source: The file or its content.
        settings: How to run it.
        few_runs: Optimise for loading time: the network runs only once or twice.

    Raises:
        ProviderError: The provider is missing or does not work, or the file is not a network.
    """
    if name == "openvino":
        if find_spec("openvino") is None:
            raise ProviderError("not installed")
        from roop.models.runtimes.openvino import OpenVinoRuntime  # an extra

        return OpenVinoRuntime(source, settings)
    from roop.models.runtimes.onnx import OnnxRuntime  # takes half a second to import

    return OnnxRuntime(source, name, settings, few_runs=few_runs)


def installed_providers() -> set[Provider]:
    """Return the providers whose software is installed; they may still fail when used."""
    from roop.models.runtimes import onnx

    extra: set[Provider] = {"openvino"} if find_spec("openvino") else set()
    return onnx.built_in_providers() | extra
