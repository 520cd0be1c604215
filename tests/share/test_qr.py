"""QR codes, read by OpenCV."""

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from roop.errors import ShareError
from roop.share import qr_png, qr_svg, qr_text

SHORT = "https://example.org/films/film-roop-abcdefghjkmnpqrs.mp4"
LONG = f"{SHORT}?X-Amz-Signature={'0123456789abcdef' * 24}"


def read(pixels: np.ndarray) -> str:
    text, *_ = cv2.QRCodeDetectorAruco().detectAndDecode(pixels)
    return str(text)


@pytest.mark.parametrize("address", [SHORT, LONG])
def test_png(address: str) -> None:
    pixels = cv2.imdecode(np.frombuffer(qr_png(address), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert read(pixels) == address


@pytest.mark.parametrize("address", [SHORT, LONG])
def test_text(address: str) -> None:
    rows = []
    for line in qr_text(address).splitlines():
        rows.append([255 * (character in "█▀") for character in line])
        rows.append([255 * (character in "█▄") for character in line])
    pixels = np.asarray(rows, np.uint8).repeat(6, 0).repeat(6, 1)
    assert read(np.pad(pixels, 40, constant_values=255)) == address


def test_svg_is_one_element_with_a_white_ground() -> None:
    root = ElementTree.fromstring(qr_svg(SHORT))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == root.get("height")
    ground = next(root.iter("{http://www.w3.org/2000/svg}path"))
    assert ground.get("fill") == "#fff"


def test_an_address_that_no_code_holds() -> None:
    with pytest.raises(ShareError, match="an address of 4000 characters is too long"):
        qr_svg("x" * 4000)
