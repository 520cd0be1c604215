"""Sharing to Google Cloud Storage, whose XML interface is nearly that of S3."""

import pytest

from roop.options import ShareOptions
from roop.share import delete_shared, list_shared, share
from support.object_store import ObjectStore
from support.s3 import fetched


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_public_bucket(
    size: str,
    supabase: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue("output" if size == "small" else "large_output")
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "token-of-somebody")
    options = ShareOptions(
        endpoint=f"{supabase.address}/storage/v1/s3",
        public=True,
        public_address=f"{supabase.address}/storage/v1/object/public/public/{{name}}",
    )
    shared = share(path, "gs://public", options)
    assert fetched(shared.address)[0] == path.read_bytes()
    assert [entry.name for entry in list_shared("gs://public", options)] == [shared.name]
    delete_shared(shared.name, options=options)
    assert (supabase.objects, supabase.parts) == ({}, {})
