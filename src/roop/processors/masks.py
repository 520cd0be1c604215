"""Masks of aligned crops: the box, the outline of the face, what occludes it, its regions."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.cutout import Crops, Mask
from roop.faces.mesh.topology import OVAL
from roop.models.session import Session
from roop.types import Points

Area = NDArray[np.bool_]
"""``(S, S)``: true for the pixels of a crop that may replace the frame's."""

_XSEG_THRESHOLD = 0.5
"""XSeg's output where the face and something in front of it are equally likely."""

REGIONS = {
    "skin": (1,),
    "brows": (2, 3),
    "eyes": (4, 5),
    "glasses": (6,),
    "nose": (10,),
    "mouth": (11,),
    "lips": (12, 13),
}
"""Parts of the face and their classes in CelebAMask-HQ (Lee et al., "MaskGAN", CVPR 2020)."""


def box_mask(side: int, padding: Sequence[float]) -> Area:
    """Return the crop without a margin.

    Args:
        side: Side of the crop, pixels.
        padding: The margin as a share of the side, or four: top, right, bottom, left.
    """
    each = padding if len(padding) == 4 else (*padding,) * 4
    top, right, bottom, left = (round(side * share) for share in each)
    area = np.zeros((side, side), np.bool_)
    area[top : side - bottom, left : side - right] = True
    return area


def outline_mask(side: int, points: Points) -> Area:
    """Return the inside of the face's outline.

    Args:
        side: Side of the crop, pixels.
        points: ``(468, 2)``: the mesh on the crop.
    """
    filled = np.zeros((side, side), np.uint8)
    cv2.fillPoly(filled, [np.rint(points[list(OVAL)]).astype(np.int32)], 1)
    return filled > 0


def face_masks(session: Session, crops: Crops) -> NDArray[np.bool_]:
    """Return where nothing is in front of the face: no hand, hair or microphone.

    Args:
        session: XSeg.
        crops: The aligned faces.

    Returns:
        ``(N, S, S)``.

    Source: Petrov et al., "DeepFaceLab", 2020.
    """
    masks = _run(session, crops)["mask"][..., 0]
    return _resize_masks(masks, crops.shape[1]) > _XSEG_THRESHOLD


def region_masks(session: Session, crops: Crops, regions: Sequence[str]) -> NDArray[np.bool_]:
    """Return the chosen regions of the face.

    Args:
        session: BiSeNet.
        crops: The aligned faces.
        regions: Keys of ``REGIONS``.

    Returns:
        ``(N, S, S)``.

    Source: Yu et al., "BiSeNet", ECCV 2018, trained on CelebAMask-HQ.
    """
    classes_wanted = [number for name in regions for number in REGIONS[name]]
    classes = _run(session, crops)["classes"].argmax(axis=1)
    return _resize_masks(np.isin(classes, classes_wanted).astype(np.float32), crops.shape[1]) > 0.5


def soften(area: Area, width: float) -> Mask:
    """Return a mask of ``area`` that falls to 0 towards its border, inside it.

    Args:
        area: ``(S, S)``.
        width: Width of the soft border, pixels.
    """
    padded = np.pad(area.astype(np.uint8), 1)  # the edge of the crop is a border, too
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(depth / max(width, 1.0), 0, 1)
    mask: Mask = share * share * (3 - 2 * share)
    return mask


def _run(session: Session, crops: Crops) -> dict[str, NDArray[np.float32]]:
    spec = session.model.input("pixels")
    side = max(spec.shape[:2])
    return session.run({"pixels": spec.encode(_resize_crops(crops, side))})


def _resize_crops(crops: Crops, side: int) -> Crops:
    method = cv2.INTER_AREA if side < crops.shape[1] else cv2.INTER_LINEAR
    return np.stack([cv2.resize(crop, (side, side), interpolation=method) for crop in crops])


def _resize_masks(fields: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.stack([cv2.resize(f, (side, side), interpolation=cv2.INTER_LINEAR) for f in fields])
