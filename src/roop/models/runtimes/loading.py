"""Load an ONNX file in the library that has the wanted provider."""

from importlib.util import find_spec
from pathlib import Path

from roop.models.runtimes.base import ProviderError, Runtime
from roop.options import Provider, Settings


def load_runtime(
    name: Provider, source: Path | bytes, settings: Settings, *, few_runs: bool = False
) -> Runtime:
    """Load an ONNX file, or the bytes of one, on exactly one provider.

    Args:
        name: The provider.
        source: The file, or its content.
        settings: How to load it.
        few_runs: It is run once or twice, so that loading counts for more than running.

    Raises:
        ProviderError: The provider is not there or does not work, or the file is no network.
    """
    if name == "openvino":
        if find_spec("openvino") is None:
            raise ProviderError("not installed")
        from roop.models.runtimes.openvino import OpenVinoRuntime  # an extra

        return OpenVinoRuntime(source, settings)
    from roop.models.runtimes.onnx import OnnxRuntime  # takes half a second to import

    return OnnxRuntime(source, name, settings, few_runs=few_runs)


def installed_providers() -> set[Provider]:
    """Return the providers whose software is installed; whether they work shows when they run."""
    from roop.models.runtimes import onnx

    extra: set[Provider] = {"openvino"} if find_spec("openvino") else set()
    return onnx.built_in_providers() | extra
