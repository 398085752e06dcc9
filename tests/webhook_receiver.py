"""A loopback receiver of webhooks that keeps what it is told, and answers as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

SECRET = "T0123/B4567/sEcReTsEcReT"  # noqa: S105 - of this receiver only

Mood = int | Literal["silent", "garbage", "dripping"]


class Receiver:
    """What posts to it find, and what they said.

    Attributes
    ----------
    mood
        The status it answers with; or ``silent`` (no answer), ``garbage`` (no HTTP), ``dripping``
        (an answer that never ends to begin).
    posts
        The JSON bodies that were posted.
    paths
        Where to.
    """

    def __init__(self) -> None:
        self.mood: Mood = 200
        self.posts: list[dict[str, object]] = []
        self.paths: list[str] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.posts.append(json.loads(body))
                receiver.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/services/{SECRET}"

    @property
    def texts(self) -> list[str]:
        return [str(post["text"]) for post in self.posts]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if self.mood == "silent":
            self.released.wait(30)
        elif self.mood == "garbage":
            handler.wfile.write(b"\x00\xffno HTTP at all\r\n\r\n" + self.url.encode())
        elif self.mood == "dripping":
            try:
                while not self.released.wait(0.05):
                    handler.wfile.write(b"H")
            except OSError:
                pass  # whoever asked has gone
        else:
            handler.send_response(int(self.mood))
            handler.send_header("Location", self.url + "/elsewhere")
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"ok")

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
