"""A bucket of moto's server, seen by Amazon's own library, and addresses, seen by a stranger."""

import urllib.request

import boto3

from support.object_store import ACCESS_KEY, SECRET_KEY


class Bucket:
    """A bucket of moto's, seen by Amazon's own library."""

    def __init__(self, address: str) -> None:
        self._client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        urllib.request.urlopen(
            urllib.request.Request(f"{address}/moto-api/reset", method="POST")
        ).close()
        self._client.create_bucket(Bucket="films")

    def keys(self) -> list[str]:
        found = self._client.list_objects_v2(Bucket="films").get("Contents", [])
        return [entry["Key"] for entry in found]

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket="films", Key=key, Body=content)

    def unfinished(self) -> int:
        return len(self._client.list_multipart_uploads(Bucket="films").get("Uploads", []))

    def close(self) -> None:
        self._client.close()


def fetched(address: str) -> tuple[bytes, str]:
    """Fetch as a stranger would; return the bytes and their type."""
    with urllib.request.urlopen(address, timeout=20) as response:
        return response.read(), response.headers["Content-Type"]
