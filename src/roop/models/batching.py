"""Dynamic batches for networks that were exported with a batch of one."""

from pathlib import Path

import numpy as np

from roop.errors import ModelError
from roop.models.formats.protobuf import replace_fields
from roop.models.runtimes.base import ProviderError
from roop.models.runtimes.loading import load_runtime
from roop.models.session import Session
from roop.options import Settings

# Field numbers in onnx.proto: model > graph > input > type > tensor > shape > first dimension.
_BATCH_DIMENSION = (7, 11, 2, 1, 2, 1)
_DYNAMIC = b"\x12\x05items"  # dim_param = "items"


def with_dynamic_batch(path: Path) -> bytes:
    """Return the content of an ONNX file with the batch dimension of all inputs made dynamic.

    Raises:
        ValueError: The file is damaged.
        LookupError: The file is truncated.
    """
    return replace_fields(np.memmap(path, np.uint8, mode="r"), _BATCH_DIMENSION, _DYNAMIC)


def try_batching(single: Session, path: Path, settings: Settings) -> Session:
    """Return a session that runs whole batches, if its outputs equal those of ``single``.

    Many files were exported with a batch of one although nothing in them depends on it. Those that
    do depend on it fail, or give other outputs, in a test run with two different items.

    Args:
        single: The network as its file defines it.
        path: The file.
        settings: How to load it.

    Returns:
        The new session, or ``single`` itself if the network cannot run whole batches.
    """
    if not all(tensor.batched for tensor in (*single.model.inputs, *single.model.outputs)):
        return single
    try:
        runtime = load_runtime(single.provider, with_dynamic_batch(path), settings)
        dynamic = Session(single.model, runtime)
        return dynamic if _same_outputs(single, dynamic) else single
    except (ProviderError, ModelError, ValueError, LookupError):
        return single


def _same_outputs(single: Session, dynamic: Session) -> bool:
    random = np.random.default_rng(0)
    items = {
        tensor.role: random.random((2, *[size or 64 for size in tensor.shape]), np.float32)
        for tensor in single.model.inputs
    }
    expected, found = single.run(items), dynamic.run(items)
    # Graphics cards compute in tf32, which is exact to about a thousandth of the largest value.
    return all(
        np.allclose(found[role], value, atol=1e-2 * max(1.0, float(np.abs(value).max())))
        for role, value in expected.items()
    )
