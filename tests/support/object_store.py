"""A stand-in of Supabase's storage: its S3 endpoint, which checks signatures, its public addresses.

It misbehaves on demand. Signatures are computed as "Authenticating Requests (AWS Signature Version
4)" in Amazon's S3 reference describes them.
"""

import hashlib
import hmac
import re
import threading
import time
import urllib.parse
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCESS_KEY, SECRET_KEY = "key-name-a1b2c3", "secret-d4e5f6-never-shown"

_S3, _PUBLIC = "/storage/v1/s3/", "/storage/v1/object/public/"


class ObjectStore(ThreadingHTTPServer):
    """Holds objects by ``bucket/key``. A context manager that serves until it is left."""

    daemon_threads = False  # closing it waits for every answer

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets = {"private", "public"}
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        """Of unfinished uploads, by their numbers."""
        self.requests: list[str] = []
        """Methods and addresses."""
        self.behaviour = ""
        self.later_s = 0.0
        """How far the server's clock is ahead."""
        self.release = threading.Event()
        """Ends what hangs."""
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "ObjectStore":
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are stopped hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def log_message(self, *_args: object) -> None:
        pass

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, self.raw_query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True))
        name = urllib.parse.unquote(path)
        self.server.requests.append(f"{self.command} {self.path}")
        if name.startswith(_PUBLIC):
            self._serve_public(name.removeprefix(_PUBLIC))
        elif not self._misbehave() and self._authorised(path):
            self.bucket, _, self.key = name.removeprefix(_S3).partition("/")
            if self.bucket in self.server.buckets:
                getattr(self, f"s3_{self.command.lower()}")(f"{self.bucket}/{self.key}")
            else:
                self._refuse(404, "NoSuchBucket")

    def _serve_public(self, name: str) -> None:
        if name.startswith("public/") and name in self.server.objects:
            self._answer(200, self.server.objects[name])
        else:
            self._answer(400, b'{"statusCode":"404","error":"Bucket not found"}')

    def _misbehave(self) -> bool:
        kind, writing = self.server.behaviour, self.command in ("PUT", "POST")
        if kind == "held" and writing:
            self.server.release.wait(60)
        if kind == "full" and writing:
            self._refuse(507, "InsufficientStorage")
        elif kind == "quota" and writing:
            self._refuse(413, "EntityTooLarge")
        elif kind == "forbidden":
            self._refuse(403, "AccessDenied")
        elif kind == "busy" and writing:
            self._refuse(503, "SlowDown")
        elif kind == "cut" and writing and (self.body or "uploads" not in self.query):
            self.close_connection = True  # without an answer
        elif kind == "hang" and writing and "partNumber" in self.query:
            self.server.release.wait(30)
            self.close_connection = True
        else:
            return False
        return True

    def s3_put(self, name: str) -> None:
        if "partNumber" in self.query:
            with self.server.lock:
                parts = self.server.parts[self.query["uploadId"]]
                parts[int(self.query["partNumber"])] = self.body
        else:
            self._store(name, self.body)
        if self.server.behaviour == "silent":  # it has the file and never says so
            self.close_connection = True
            return
        self._answer(200, headers={"ETag": f'"{hashlib.md5(self.body).hexdigest()}"'})

    def s3_post(self, name: str) -> None:
        if "uploads" in self.query:
            upload = f"upload{len(self.server.parts)}"
            self.server.parts[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
            self._answer(200, f"{text}</InitiateMultipartUploadResult>".encode())
            return
        parts = self.server.parts.pop(self.query["uploadId"])
        self._store(name, b"".join(parts[number] for number in sorted(parts)))
        if self.server.behaviour == "silent":
            self.close_connection = True
            return
        text = "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"
        self._answer(200, text.encode())

    def s3_delete(self, name: str) -> None:
        if "uploadId" in self.query:
            self.server.parts.pop(self.query["uploadId"], None)
        else:
            self.server.objects.pop(name, None)
        self._answer(204)

    def s3_head(self, name: str) -> None:
        self.s3_get(name)

    def s3_get(self, name: str) -> None:
        if not self.key:
            self._list()
        elif name in self.server.objects:
            about = {"Content-Type": self.server.types[name], "Last-Modified": _http_date()}
            self._answer(200, self.server.objects[name], about | {"ETag": '"whole"'})
        else:
            self._refuse(404, "NoSuchKey")

    def _list(self) -> None:
        start = f"{self.bucket}/{self.query.get('prefix', '')}"
        rows = "".join(
            f"<Contents><Key>{name.partition('/')[2]}</Key><Size>{len(content)}</Size>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>e</ETag></Contents>"
            for name, content in self.server.objects.items()
            if name.startswith(start) and "/" not in name[len(start) :]
        )
        self._answer(200, f"<ListBucketResult>{rows}</ListBucketResult>".encode())

    def _store(self, name: str, content: bytes) -> None:
        self.server.objects[name] = content
        self.server.types[name] = self.headers.get("Content-Type", "")

    def _authorised(self, path: str) -> bool:
        if self.headers.get("Authorization") == "Bearer token-of-somebody":  # Google's way
            return True
        found = _credential(self.headers, self.query)
        if found is None or found["access"] != ACCESS_KEY:
            self._refuse(403, "InvalidAccessKeyId")
        elif found["signature"] != self._signature(path, found):
            self._refuse(403, "SignatureDoesNotMatch")
        elif "X-Amz-Expires" in self.query and self._ended(found):
            self._refuse(403, "AccessDenied")
        else:
            return True
        return False

    def _ended(self, found: dict[str, str]) -> bool:
        since = datetime.strptime(found["time"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        return time.time() + self.server.later_s > since + int(self.query["X-Amz-Expires"])

    def _signature(self, path: str, found: dict[str, str]) -> str:
        signed_query = "X-Amz-Signature" in self.query
        pairs = [p for p in self.raw_query.split("&") if p and not p.startswith("X-Amz-Signature=")]
        pairs = sorted(pair if "=" in pair else f"{pair}=" for pair in pairs)
        names = found["headers"].split(";")
        headers = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in names)
        digest = "UNSIGNED-PAYLOAD" if signed_query else self.headers["x-amz-content-sha256"]
        request = [self.command, path, "&".join(pairs), headers, found["headers"], digest]
        hashed = hashlib.sha256("\n".join(request).encode()).hexdigest()
        message = "\n".join(["AWS4-HMAC-SHA256", found["time"], found["scope"], hashed])
        key = f"AWS4{SECRET_KEY}".encode()
        for part in (*found["scope"].split("/"), message):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()

    def _refuse(self, status: int, code: str) -> None:
        """Answer with an error that repeats what a log must not have, as S3 does."""
        told = (
            f"<AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId><StringToSign>AWS4-HMAC</StringToSign>"
        )
        body = f"<Error><Code>{code}</Code><Message>no</Message>{told}</Error>"
        self._answer(status, body.encode())

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # no thread waits for another request
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True


def _credential(sent: Message, query: dict[str, str]) -> dict[str, str] | None:
    """Return the parts of a signature in a header or a query."""
    if "X-Amz-Signature" in query:
        access, _, scope = query["X-Amz-Credential"].partition("/")
        signature, headers = query["X-Amz-Signature"], query["X-Amz-SignedHeaders"]
        when = query["X-Amz-Date"]
    else:
        pattern = r"Credential=([^/]+)/(\S+),\s*SignedHeaders=(\S+),\s*Signature=(\w+)"
        found = re.search(pattern, sent.get("Authorization", ""))
        if found is None:
            return None
        access, scope, headers, signature = found.groups()
        when = sent["x-amz-date"]
    names = ("access", "scope", "headers", "signature", "time")
    return dict(zip(names, (access, scope, headers, signature, when), strict=True))


def _http_date() -> str:
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
