"""A server on this machine that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Close the connection after the body, or before everything when there is none."""

    def written(self) -> tuple[bytes, str]:
        if isinstance(self.body, str):
            return self.body.encode(), "text/html"
        return json.dumps(self.body).encode(), "application/graphql-response+json; charset=utf-8"


def data(**fields: Any) -> Answer:
    return Answer(body={"data": fields})


def refused(code: str, status: int = 200, *, retryable: bool = False, **more: Any) -> Answer:
    extensions = {"code": code, "requestId": "req_server", "advice": "Do it.", "retryable": retryable, **more}
    return Answer(status, {"errors": [{"message": "No.", "extensions": extensions}]})


def events(*items: Any, complete: bool = True) -> Answer:
    """Write a stream of server-sent events; without `complete` it is cut at the end."""
    lines = [":", ""]
    for item in items:
        lines += ["event: next", f"data: {json.dumps({'data': item})}", ""]
    if complete:
        lines += ["event: complete", "data: ", ""]
    return Answer(body="\n".join(lines) + "\n", headers={"Content-Type": "text/event-stream"}, cut=True)


class Stub:
    """Give it answers with `says`; the last one is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: list[Answer | Callable[[Asked], Answer]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                names = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, names, body)
                stub.asked.append(asked)
                answer = stub.next(asked)
                if answer.cut:
                    self.close_connection = True
                    if answer.body is None:
                        return
                content, kind = answer.written()
                self.send_response(answer.status)
                headers = {"Content-Type": kind, "X-Request-Id": names.get("x-request-id", ""), **answer.headers}
                if not answer.cut:
                    headers["Content-Length"] = str(len(content) if self.command != "HEAD" else 0)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD" and answer.status != 204:
                    self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_HEAD = handle_one  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def says(self, *answers: Answer | Callable[[Asked], Answer]) -> None:
        self._answers = list(answers)

    def next(self, asked: Asked) -> Answer:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(asked) if callable(answer) else answer

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
