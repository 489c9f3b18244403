"""A receiver of webhooks on this machine, as people write it."""

from __future__ import annotations

import http.server
import queue
import threading
from typing import Any


class Receiver:
    """Keeps what comes, for a test to look at."""

    def __init__(self) -> None:
        self._received: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        received = self._received

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/posthaste"

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for the next one; the time is for a busy machine."""
        return self._received.get(timeout=30)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
