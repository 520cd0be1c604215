"""Sharing to Supabase: its S3 endpoint and its public addresses."""

import urllib.error
from pathlib import Path

import pytest

from roop.errors import ShareError, UsageError
from roop.options import ShareOptions
from roop.share import delete_shared, list_shared, share
from support.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from support.s3 import fetched


def test_a_signed_address_works_until_its_end(
    output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    shared = share(output, "supabase://myproject/private/films", at_supabase)
    assert fetched(shared.address) == (output.read_bytes(), "image/jpeg")
    supabase.later_s = 23 * 3600
    assert fetched(shared.address)[0] == output.read_bytes()
    supabase.later_s = 25 * 3600
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(shared.address)


def test_a_public_address_has_none(
    output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    options = at_supabase.model_copy(update={"public": True})
    shared = share(output, "supabase://myproject/public/may", options)
    assert shared.expires_at is None
    path = f"/storage/v1/object/public/public/may/{shared.name}"
    assert shared.address == supabase.address + path
    supabase.later_s = 1e9
    assert fetched(shared.address)[0] == output.read_bytes()


def test_a_bucket_that_is_not_public_is_found_out_and_nothing_stays(
    output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    options = at_supabase.model_copy(update={"public": True})
    with pytest.raises(ShareError, match="is not public: its address answers HTTP 400") as caught:
        share(output, "supabase://myproject/private", options)
    assert caught.value.hint
    assert "make the bucket public" in caught.value.hint
    assert supabase.objects == {}
    assert list_shared() == []


def test_a_public_address_that_cannot_be_checked_is_a_warning(
    output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    own = {"public": True, "public_address": "http://127.0.0.1:9/films/{name}"}
    shared = share(output, "supabase://myproject/public", at_supabase.model_copy(update=own))
    assert shared.address == f"http://127.0.0.1:9/films/{shared.name}"
    (warning,) = shared.warnings
    assert "could not be checked" in warning


def test_a_large_file_arrives_whole(
    large_output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    shared = share(large_output, "supabase://myproject/private", at_supabase)
    assert fetched(shared.address)[0] == large_output.read_bytes()
    assert supabase.parts == {}


def test_it_is_listed_and_deleted(
    output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    shared = share(output, "supabase://myproject/private/a", at_supabase)
    (listed,) = list_shared("supabase://myproject/private/a", at_supabase)
    assert listed.name == shared.name
    delete_shared(shared.name, options=at_supabase)
    assert supabase.objects == {}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(shared.address)


def test_a_wrong_secret(output: Path, supabase: ObjectStore, at_supabase: ShareOptions) -> None:
    wrong = ShareOptions(endpoint=supabase.address, access_key=ACCESS_KEY, secret_key="nearly")
    with pytest.raises(ShareError, match=r"refused the key \(SignatureDoesNotMatch\)"):
        share(output, "supabase://myproject/private", wrong)
    assert supabase.objects == {}


def test_a_wrong_key(output: Path, supabase: ObjectStore) -> None:
    wrong = ShareOptions(endpoint=supabase.address, access_key="other", secret_key=SECRET_KEY)
    with pytest.raises(ShareError, match=r"refused the key \(InvalidAccessKeyId\)"):
        share(output, "supabase://myproject/private", wrong)


def test_without_a_key_nothing_is_asked(
    output: Path, supabase: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-another-store")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-another-store")
    with pytest.raises(UsageError, match="there is no key for supabase://myproject"):
        share(output, "supabase://myproject/private", ShareOptions(endpoint=supabase.address))
    assert supabase.requests == []
