"""Which part of an aligned crop is shown: its middle, the face's outline, what is not covered."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.cutout import Crops, Mask
from roop.faces.mesh.topology import OVAL
from roop.models.session import Session
from roop.types import Points

Shown = NDArray[np.bool_]
"""``(S, S)``: true where a crop may be shown."""

_SURE = 0.5
"""What XSeg says of a pixel that is as likely the face's as of something in front of it."""

REGIONS = {
    "skin": (1,),
    "brows": (2, 3),
    "eyes": (4, 5),
    "glasses": (6,),
    "nose": (10,),
    "mouth": (11,),
    "lips": (12, 13),
}
"""Classes of CelebAMask-HQ (Lee et al., "MaskGAN", CVPR 2020)."""


def box_mask(side: int, padding: Sequence[float]) -> Shown:
    """Return the crop without its border.

    Args:
        side: Of the crop, pixels.
        padding: One share of the side, or four: top, right, bottom, left.
    """
    each = padding if len(padding) == 4 else (*padding,) * 4
    top, right, bottom, left = (round(side * share) for share in each)
    shown = np.zeros((side, side), np.bool_)
    shown[top : side - bottom, left : side - right] = True
    return shown


def outline_mask(side: int, points: Points) -> Shown:
    """Return the inside of the face's outline.

    Args:
        side: Of the crop, pixels.
        points: ``(468, 2)``: the mesh on the crop.
    """
    drawn = np.zeros((side, side), np.uint8)
    cv2.fillPoly(drawn, [np.rint(points[list(OVAL)]).astype(np.int32)], 1)
    return drawn > 0


def face_masks(session: Session, crops: Crops) -> NDArray[np.bool_]:
    """Return where nothing is in front of the face: no hand, hair, microphone.

    Args:
        session: XSeg.
        crops: The aligned faces.

    Returns:
        ``(N, S, S)``.

    Source: Petrov et al., "DeepFaceLab", 2020.
    """
    seen = _run(session, crops)["mask"][..., 0]
    return _enlarged(seen, crops.shape[1]) > _SURE


def region_masks(session: Session, crops: Crops, regions: Sequence[str]) -> NDArray[np.bool_]:
    """Return where the chosen parts of the face are.

    Args:
        session: BiSeNet.
        crops: The aligned faces.
        regions: Keys of ``REGIONS``.

    Returns:
        ``(N, S, S)``.

    Source: Yu et al., "BiSeNet", ECCV 2018, trained on CelebAMask-HQ.
    """
    wanted = [number for name in regions for number in REGIONS[name]]
    classes = _run(session, crops)["classes"].argmax(axis=1)
    return _enlarged(np.isin(classes, wanted).astype(np.float32), crops.shape[1]) > 0.5


def soften(shown: Shown, width: float) -> Mask:
    """Return a mask that falls to 0 at the border of ``shown``, never beyond it.

    Args:
        shown: ``(S, S)``.
        width: Of the soft border, pixels.
    """
    framed = np.pad(shown.astype(np.uint8), 1)  # what lies beyond the crop is not shown either
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(depth / max(width, 1.0), 0, 1)
    mask: Mask = share * share * (3 - 2 * share)
    return mask


def _run(session: Session, crops: Crops) -> dict[str, NDArray[np.float32]]:
    spec = session.model.input("pixels")
    side = max(spec.shape[:2])
    return session.run({"pixels": spec.encode(_resized(crops, side))})


def _resized(crops: Crops, side: int) -> Crops:
    method = cv2.INTER_AREA if side < crops.shape[1] else cv2.INTER_LINEAR
    return np.stack([cv2.resize(crop, (side, side), interpolation=method) for crop in crops])


def _enlarged(fields: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.stack([cv2.resize(f, (side, side), interpolation=cv2.INTER_LINEAR) for f in fields])
