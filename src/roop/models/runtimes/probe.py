"""A test of execution providers with a tiny network."""

import numpy as np

from roop.models.runtimes.base import ProviderError
from roop.models.runtimes.loading import load_runtime
from roop.options import Provider, Settings


def provider_fault(provider: Provider, settings: Settings) -> str | None:
    """Return why ``provider`` does not work here, in one line; None if it works.

    Installed software is not enough: a missing driver shows only when a network runs.
    """
    try:
        runtime = load_runtime(provider, PROBE_NETWORK, settings)
        (doubled,) = runtime.run({"x": np.ones((1, 1, 4, 4), np.float32)}, ["y"])
    except ProviderError as error:
        return str(error)
    return None if np.allclose(doubled, 2, atol=0.01) else "its results are wrong"


# relu(conv(x, 2)) on (1, 1, 4, 4), opset 13, serialised.
PROBE_NETWORK = (
    b'\x08\x08:u\n\x0f\n\x01x\n\x01w\x12\x01c"\x04Conv\n\x0c\n\x01c\x12\x01y"\x04Relu\x12\x05probe'
    b'*\x13\x08\x01\x08\x01\x08\x01\x08\x01\x10\x01"\x04\x00\x00\x00@B\x01w'
    b"Z\x1b\n\x01x\x12\x16\n\x14\x08\x01\x12\x10\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04"
    b"b\x1b\n\x01y\x12\x16\n\x14\x08\x01\x12\x10\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04"
    b"B\x04\n\x00\x10\r"
)
