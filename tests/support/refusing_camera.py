"""A network camera on this machine that accepts no password, over HTTP, RTSP and TLS."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing_camera(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Listen, with TLS if there is a ``context``, and yield the port."""

    class Handler(socketserver.StreamRequestHandler):
        timeout = 5

        def handle(self) -> None:
            while request := self._request():
                head = next((line for line in request if line.startswith("CSeq")), "Server: x")
                version = "RTSP/1.0" if head.startswith("CSeq") else "HTTP/1.1"
                state = "200 OK" if request[0].startswith("OPTIONS") else "401 Unauthorized"
                how = 'WWW-Authenticate: Digest realm="camera", nonce="0"\r\nContent-Length: 0'
                self.wfile.write(f"{version} {state}\r\n{head}\r\n{how}\r\n\r\n".encode())

        def _request(self) -> list[str]:
            lines = []
            while line := self.rfile.readline().decode().strip():
                lines.append(line)
            return lines

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False

        def get_request(self) -> tuple[socket.socket, str]:
            connection, address = super().get_request()
            if context is None:
                return connection, address
            wrapped = context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            return wrapped, address

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that do not trust the certificate."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
