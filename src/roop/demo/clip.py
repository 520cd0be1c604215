"""The sample video, made from one portrait: the head sways, camera and light move."""

from collections.abc import Iterator
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.media.video.clip import Sound
from roop.types import Box, Pixels

SIZE = (1280, 720)
"""(width, height) of the video in pixels."""

FPS = 30
"""Frames per second of the video."""

RATE = 48_000
"""Samples per second of its audio."""


def video_frames(photo: Pixels, head: Box, *, seconds: float) -> Iterator[Pixels]:
    """Yield the frames of the video.

    Args:
        photo: The portrait.
        head: A square around the head, which stays near the centre of the frame.
        seconds: Length of the video.
    """
    count = round(seconds * FPS)
    for number in range(count):
        phase = 2 * pi * number / count
        yield _relight(_render(photo, head, phase), phase)


def soundtrack(seconds: float) -> Sound:
    """Return soft chords, one per second, as long as the video."""
    time = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    chords = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6))
    sound = np.zeros_like(time)
    for second in range(int(np.ceil(seconds))):
        since = time - second
        envelope = np.where(since >= 0, np.exp(-2 * since) * np.minimum(1, since * 50), 0)
        for pitch in chords[second % len(chords)]:
            sound += envelope * np.sin(2 * pi * pitch * time)
    return (0.12 * sound).astype(np.float32)


def camera_matrix(phase: float, head: Box) -> NDArray[np.float32]:
    """Return the ``(2, 3)`` matrix from pixels of the video to pixels of the photo.

    Args:
        phase: Position in the video, 0 to 2 pi; the end matches the start.
        head: A square around the head in the photo.
    """
    zoom = head.height / SIZE[1] * (1.3 + 0.15 * cos(phase))  # photo pixels per video pixel
    angle = 0.1 * sin(2 * phase)
    x = (head.x0 + head.x1) / 2 + 0.14 * head.width * sin(phase)
    y = (head.y0 + head.y1) / 2 + head.height * (0.2 + 0.05 * cos(2 * phase))
    turn = zoom * np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    middle = np.array([SIZE[0] / 2, SIZE[1] / 2])
    offset = np.array([x, y]) - turn @ middle
    return np.hstack([turn, offset[:, np.newaxis]]).astype(np.float32)


def _render(photo: Pixels, head: Box, phase: float) -> Pixels:
    """Render the photo through the moving camera, with the head swaying."""
    matrix = camera_matrix(phase, head)
    grid_x, grid_y = _grid()
    x = matrix[0, 0] * grid_x + matrix[0, 1] * grid_y + matrix[0, 2]
    y = matrix[1, 0] * grid_x + matrix[1, 1] * grid_y + matrix[1, 2]
    away_x = (x - (head.x0 + head.x1) / 2) / head.width
    away_y = (y - (head.y0 + head.y1) / 2) / head.height
    near = np.exp(-(((away_x**2 + away_y**2) / 0.3) ** 2))
    x += 0.04 * head.width * sin(3 * phase) * near
    y += 0.025 * head.height * sin(2 * phase + 1) * near
    columns, rows = cv2.resize(x - 0.5, SIZE), cv2.resize(y - 0.5, SIZE)
    border = cv2.BORDER_REFLECT_101
    rendered = cv2.remap(photo, columns, rows, cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(rendered, np.uint8)


def _relight(frame: Pixels, phase: float) -> Pixels:
    """Move the light from side to side, and its colour with it."""
    across = _grid()[0] / (SIZE[0] / 2) - 1
    light = (1 + 0.22 * sin(phase + 0.7) * across) * (0.95 + 0.08 * cos(phase))
    warmth = np.array([1 + 0.05 * sin(phase), 1, 1 - 0.05 * sin(phase)], np.float32)
    field = cv2.resize((light[..., np.newaxis] * warmth).astype(np.float32), SIZE)
    return np.asarray(cv2.multiply(frame, field, dtype=cv2.CV_8U), np.uint8)


def _grid() -> tuple[NDArray[np.float32], ...]:
    """Return x and y at the centres of 16-pixel blocks, which is enough for smooth fields."""
    return tuple(np.meshgrid(*(np.arange(8, side, 16, dtype=np.float32) for side in SIZE)))
