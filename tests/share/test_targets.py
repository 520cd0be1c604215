"""Addresses of places to share to, and the public addresses made of them."""

from pathlib import Path

import pytest

from roop.errors import UsageError
from roop.options import ShareOptions
from roop.share.stores import public_address
from roop.share.targets import is_shared_name, new_name, parse_target

NAME = "film-roop-abcdefghij234567.mp4"


@pytest.mark.parametrize(
    "address",
    [
        *("s3://films", "s3://films/2026/may", "supabase://abcdefghij/films"),
        *("gs://my-bucket/a", "az://account/container/a/b", "file:///srv/films"),
    ],
)
def test_an_address_is_kept(address: str) -> None:
    assert str(parse_target(address)) == address
    assert str(parse_target(f"{address}/")) == address


@pytest.mark.parametrize(
    "address",
    [
        *("films", "s3:/films", "s3://", "ftp://host/films", "supabase://project"),
        *("az://account", "s3://films/../others", "s3://films//a", "s3://key:secret@films"),
        *("s3://films?x=1", "supabase://evil.example.org#/films", "s3://fil ms", "://films"),
        *("file://host/films", "file://", "https://films.example.org"),
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(address)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("target", "endpoint", "address"),
    [
        ("s3://films/a", None, "https://films.s3.us-east-1.amazonaws.com/a/NAME"),
        ("s3://films", "https://minio.example.org/", "https://minio.example.org/films/NAME"),
        ("gs://films", None, "https://storage.googleapis.com/films/NAME"),
        ("az://me/films", None, "https://me.blob.core.windows.net/films/NAME"),
        ("supabase://ref/films/a", None, "https://ref.supabase.co/storage/v1/object/public/films/a/NAME"),
        ("supabase://ref/films", "http://127.0.0.1:54321", "http://127.0.0.1:54321/storage/v1/object/public/films/NAME"),
    ],
)  # fmt: skip
def test_public_addresses(
    target: str, endpoint: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ShareOptions(endpoint=endpoint)
    assert public_address(parse_target(target), options, NAME) == address.replace("NAME", NAME)


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("film.MP4", "film-roop-"),
        ("Größe und Höhe (1).png", "Groe-und-Hohe-1-roop-"),
        ("../../etc/passwd", "passwd-roop-"),
        ("电影.webm", "output-roop-"),
        ("a" * 300 + ".jpg", "a" * 60 + "-roop-"),
    ],
)
def test_names_are_ones_that_every_store_takes(path: str, start: str) -> None:
    name = new_name(Path(path))
    assert name.startswith(start)
    assert name.endswith(Path(path).suffix.lower())
    assert is_shared_name(name)
    assert name != new_name(Path(path))


@pytest.mark.parametrize(
    "name",
    ["film.mp4", "a-roop-b.mp4", f"x/{NAME}", f"../{NAME}", ""],
    ids=["no code", "short code", "in a folder", "outside", "empty"],  # NAME is random
)
def test_other_names_are_not_ours(name: str) -> None:
    assert not is_shared_name(name)
