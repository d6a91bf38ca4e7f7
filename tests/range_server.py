"""A web server on the loopback address that answers requests for ranges of bytes, and counts them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        part = data
        if wanted and self.server.ranges:
            first, last = wanted.removeprefix("bytes=").split("-")
            start, stop = (
                (int(first), int(last) + 1 if last else len(data))
                if first
                else (len(data) - int(last), len(data))
            )
            part = data[start:stop]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.server.sent.append((path.name, len(part)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def do_HEAD(self) -> None:
        if not self.server.head:  # a presigned address is good for GET only
            self.send_error(403)
            return
        super().do_HEAD()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serve(
    folder: Path, *, ranges: bool = True, head: bool = True
) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Address of a server of a folder, and the list of what it sent: name and bytes of each answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.ranges, server.head, server.sent = ranges, head, []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
