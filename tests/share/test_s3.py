"""Sharing to S3, against a real S3 server."""

import threading
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from roop.errors import CancelledError, ShareError, UsageError
from roop.options import ShareOptions
from roop.share import delete_shared, list_shared, share
from support.object_store import ACCESS_KEY, SECRET_KEY
from support.s3 import Bucket, fetched

pytestmark = pytest.mark.slow


def test_a_stranger_fetches_what_was_shared(
    output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    shared = share(output, "s3://films/2026/may", at_moto)
    assert fetched(shared.address) == (output.read_bytes(), "image/jpeg")
    assert bucket.keys() == [f"2026/may/{shared.name}"]
    assert shared.name.startswith("Groe-1-roop-")
    assert shared.warnings == ()


def test_the_address_has_an_end(output: Path, bucket: Bucket, at_moto: ShareOptions) -> None:
    shared = share(output, "s3://films", at_moto)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(shared.address).query)
    assert query["X-Amz-Expires"] == ["86400"]
    assert shared.expires_at is not None
    left = shared.expires_at - datetime.now(UTC)
    assert timedelta(hours=23, minutes=58) < left <= timedelta(hours=24)

    soon = share(output, "s3://films", at_moto.model_copy(update={"expires": timedelta(hours=1)}))
    assert "X-Amz-Expires=3600&" in soon.address


def test_a_large_file_arrives_whole_and_reports_its_progress(
    large_output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    seen: list[tuple[int, int]] = []
    shared = share(
        large_output, "s3://films", at_moto, watch=lambda sent, total: seen.append((sent, total))
    )
    assert fetched(shared.address)[0] == large_output.read_bytes()
    assert bucket.unfinished() == 0
    size = large_output.stat().st_size
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)
    assert {total for _, total in seen} == {size}


def test_the_same_file_twice_is_two_files(
    output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    share(output, "s3://films", at_moto)
    share(output, "s3://films", at_moto)
    assert len(set(bucket.keys())) == 2


def test_what_was_shared_is_listed_and_deleted(
    output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    bucket.put("a/important.sql", b"not ours")
    first, second = (share(output, "s3://films/a", at_moto) for _ in range(2))
    for listed in (list_shared(), list_shared("s3://films/a", at_moto)):
        assert {entry.name for entry in listed} == {first.name, second.name}
        assert {entry.address for entry in listed} == {first.address, second.address}
        assert {entry.size for entry in listed} == {output.stat().st_size}
        assert {entry.file for entry in listed} == {output}

    delete_shared(first.name, options=at_moto)
    assert [entry.name for entry in list_shared()] == [second.name]
    assert sorted(bucket.keys()) == sorted(["a/important.sql", f"a/{second.name}"])


def test_another_machine_lists_and_deletes_by_the_place(
    output: Path, bucket: Bucket, at_moto: ShareOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = share(output, "s3://films", at_moto)
    monkeypatch.setenv("XDG_DATA_HOME", str(output.parent / "elsewhere"))
    assert list_shared() == []
    (listed,) = list_shared("s3://films", at_moto)
    assert (listed.name, listed.address, listed.file) == (shared.name, None, None)
    with pytest.raises(UsageError, match="was shared from here"):
        delete_shared(shared.name, options=at_moto)
    delete_shared(shared.name, "s3://films", at_moto)
    assert bucket.keys() == []
    with pytest.raises(UsageError, match="there is no "):
        delete_shared(shared.name, "s3://films", at_moto)


def test_nothing_but_what_was_shared_is_ever_deleted(bucket: Bucket, at_moto: ShareOptions) -> None:
    bucket.put("important.sql", b"not ours")
    with pytest.raises(UsageError, match=r"nothing called 'important\.sql' was shared"):
        delete_shared("important.sql", "s3://films", at_moto)
    with pytest.raises(UsageError):
        delete_shared("../important.sql", "s3://films/x", at_moto)
    assert bucket.keys() == ["important.sql"]


def test_a_missing_bucket_is_named(output: Path, bucket: Bucket, at_moto: ShareOptions) -> None:
    with pytest.raises(ShareError, match="s3://nothere/x does not exist") as caught:
        share(output, "s3://nothere/x", at_moto)
    assert caught.value.hint
    assert "create the bucket" in caught.value.hint


def test_a_missing_bucket_is_named_for_a_large_file(
    large_output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    with pytest.raises(ShareError, match="s3://nothere does not exist"):
        share(large_output, "s3://nothere", at_moto)
    assert list_shared() == []


def test_nothing_is_sent_after_a_cancellation(
    output: Path, bucket: Bucket, at_moto: ShareOptions
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError, match="was not shared"):
        share(output, "s3://films", at_moto, cancel=cancel)
    assert bucket.keys() == []


def test_keys_of_the_environment_are_used(
    output: Path, bucket: Bucket, moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto)
    assert "Credential=from-the-environment%2F" in share(output, "s3://films").address


def test_a_profile_of_the_cloud_s_tools_is_used(
    output: Path,
    bucket: Bucket,
    moto: str,
    environment_of_nobody: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = environment_of_nobody / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id=d\naws_secret_access_key=x\n"
        f"[work]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    (folder / "config").write_text("[profile work]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_PROFILE", "work")
    address = share(output, "s3://films", ShareOptions(endpoint=moto)).address
    assert f"Credential={ACCESS_KEY}%2F" in address
    assert "%2Feu-central-1%2F" in address
    monkeypatch.setenv("AWS_PROFILE", "play")
    with pytest.raises(UsageError, match="the AWS profile 'play' does not exist"):
        share(output, "s3://films", ShareOptions(endpoint=moto))


def test_one_s_own_key_is_not_mixed_with_the_environment_s(
    output: Path, bucket: Bucket, at_moto: ShareOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    address = share(output, "s3://films", at_moto).address
    assert f"Credential={ACCESS_KEY}%2F" in address
    assert "another" not in address


def test_records_are_nobody_else_s(
    output: Path, bucket: Bucket, at_moto: ShareOptions, environment_of_nobody: Path
) -> None:
    shared = share(output, "s3://films", at_moto)
    folder = environment_of_nobody / "data/roop/shared"
    (record,) = folder.iterdir()
    assert record.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert shared.address in record.read_text()
    assert SECRET_KEY not in record.read_text()


def test_without_a_folder_for_records_it_is_shared_with_a_warning(
    output: Path, bucket: Bucket, at_moto: ShareOptions, environment_of_nobody: Path
) -> None:
    (environment_of_nobody / "data").write_text("a file where the folder would be")
    shared = share(output, "s3://films", at_moto)
    assert fetched(shared.address)[0] == output.read_bytes()
    (warning,) = shared.warnings
    assert "cannot be written" in warning


def test_a_damaged_record_is_left_out(
    output: Path, bucket: Bucket, at_moto: ShareOptions, environment_of_nobody: Path
) -> None:
    first, second = (share(output, "s3://films", at_moto) for _ in range(2))
    folder = environment_of_nobody / "data/roop/shared"
    (folder / f"{first.name}.json").write_text("{")
    (folder / "notes.json").write_text("{}")
    assert [entry.name for entry in list_shared()] == [second.name]


@pytest.mark.parametrize("target", ["s3://films", "gs://films", "az://account/films"])
def test_without_any_key(output: Path, target: str) -> None:
    with pytest.raises(ShareError, match=f"no key was found for {target}"):
        share(output, target)
    assert list_shared() == []
