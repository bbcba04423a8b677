"""A small server on loopback that speaks the hub's protocol and plain HTTP, and misbehaves as told."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


class ModelServer:
    """Serves `files` (path to bytes).

    Faults, by path, are functions that get the handler and the contents and answer in their own way; each
    is used `times` times, then the path is served well.
    """

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list] = {}
        self.asked: list[tuple[str, str]] = []  # path, Range
        self.bytes_per_s = 0
        self.says_hashes = True
        self.on_sent = None  # called with the path and the number of bytes sent so far
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *args: None
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, path, function, times=1):
        self.faults.setdefault(path, []).extend([function] * times)

    def answer(self, handler):
        self.asked.append((handler.path, handler.headers.get("Range", "")))
        hub = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", handler.path)
        path = f"/{hub[1]}/{hub[3]}" if hub else handler.path.removeprefix("/cdn")
        data = self.files.get(path)
        if data is None:
            self.head(handler, 404, {"Content-Length": "0"})
            return
        if hub:  # large files lie elsewhere, as on the hub
            headers = {"Location": f"/cdn{path}", "X-Repo-Commit": COMMIT, "Content-Length": "0"}
            if self.says_hashes:
                headers["X-Linked-ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            self.head(handler, 302, headers)
            return
        waiting = self.faults.get(path)
        if waiting:
            handler.close_connection = True
            waiting.pop(0)(self, handler, data)
            return
        self.serve(handler, data)

    def head(self, handler, status, headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    def serve(self, handler, data, *, etag=None):
        etag = etag or f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if asked and handler.headers.get("If-Range", etag) == etag:
            start = int(asked[1])
            if start >= len(data):
                self.head(handler, 416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
                return
            headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            status, body = 206, data[start:]
        else:
            status, body, headers = 200, data, {}
        self.head(handler, status, {**headers, "ETag": etag, "Content-Length": str(len(body))})
        self.send(handler, body)

    def send(self, handler, body):
        step = max(1, self.bytes_per_s // 50) if self.bytes_per_s else max(1, len(body))
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            handler.wfile.flush()
            if self.on_sent is not None:
                self.on_sent(handler.path, start + step)
            if self.bytes_per_s:
                time.sleep(step / self.bytes_per_s)


# What can go wrong, one function each.


def drop_after(count):
    def fault(server, handler, data):
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        headers = {"Content-Length": str(len(data) - start), "ETag": '"e"'}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        server.head(handler, 206 if asked else 200, headers)
        handler.wfile.write(data[start : start + count])

    return fault


def length(difference):
    """Announces another length than it sends."""

    def fault(server, handler, data):
        server.head(handler, 200, {"Content-Length": str(len(data) + difference)})
        handler.wfile.write(data)

    return fault


def ignore_range(server, handler, data):
    server.head(handler, 200, {"Content-Length": str(len(data))})
    handler.wfile.write(data)


def wrong_part(server, handler, data):
    server.head(
        handler,
        206,
        {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "Content-Length": str(len(data))},
    )
    handler.wfile.write(data)


def wrong_total(server, handler, data):
    start = int(re.fullmatch(r"bytes=(\d+)-", handler.headers["Range"])[1])
    part = data[start:]
    server.head(
        handler,
        206,
        {"Content-Range": f"bytes {start}-{len(data) + 8}/{len(data) + 9}", "Content-Length": str(len(part))},
    )
    handler.wfile.write(part)


def garbled_part(server, handler, data):
    server.head(handler, 206, {"Content-Range": "some of it", "Content-Length": "3"})
    handler.wfile.write(data[:3])


def refuse_range(server, handler, data):
    server.head(handler, 416, {"Content-Length": "0"})


def flip_bit(server, handler, data):
    wrong = bytearray(data)
    wrong[len(wrong) // 2] ^= 1
    server.serve(handler, bytes(wrong), etag='"e"')


def login_page(server, handler, data):
    page = b"<!DOCTYPE html><title>Please log in</title>"
    server.head(handler, 200, {"Content-Type": "text/html", "Content-Length": str(len(page))})
    handler.wfile.write(page)


def error(status, **headers):
    def fault(server, handler, data):
        server.head(handler, status, {"Content-Length": "0", **headers})

    return fault


def endless(server, handler, data):
    """Announces no length and goes on and on."""
    server.head(handler, 200, {"Transfer-Encoding": "chunked"})
    block = b"\x08" + b"x" * 65535
    for _ in range(1000):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
    handler.wfile.write(b"0\r\n\r\n")


def broken_chunks(server, handler, data):
    server.head(handler, 200, {"Transfer-Encoding": "chunked"})
    handler.wfile.write(b"%x\r\n%s" % (len(data), data[:100]))


def garbage(server, handler, data):
    handler.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
