"""Subscriptions over server-sent events, for the blocking client (graphql-sse, distinct connections)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterator, Mapping
from typing import Any, TypeVar

import httpx

from ..errors import PosthasteError, TransportError
from . import steps
from .exchange import judge_graphql, refusal, transport_error
from .operation import Operation
from .settings import Settings
from .steps import Credential
from .tail import Tail

T = TypeVar("T")

QUIET = 60.0
"""Seconds without a byte after which a connection counts as dropped; the server says something every 15."""


def follow(
    settings: Settings,
    http: httpx.Client,
    credential: Credential,
    operation: Operation[T],
    variables: Mapping[str, Any],
) -> Generator[T, None, None]:
    """Give each item until the server completes; a dropped connection is taken up where it ended."""
    tail = Tail(settings, operation, variables)
    while True:
        try:
            yield from _connection(settings, http, credential, tail)
            return
        except PosthasteError as error:
            steps.sleep(tail.wait(error))


def _connection(
    settings: Settings, http: httpx.Client, credential: Credential, tail: Tail[T]
) -> Generator[T, None, None]:
    request_id = f"req_{uuid.uuid4().hex}"
    headers = {
        "Accept": "text/event-stream",
        "Content-Type": "application/json",
        "User-Agent": settings.user_agent,
        "X-Request-Id": request_id,
    }
    if word := credential if isinstance(credential, str) else credential():
        headers["Authorization"] = f"Bearer {word}"
    content = json.dumps(tail.message()).encode()
    timeout = httpx.Timeout(settings.timeout, read=QUIET)
    try:
        with http.stream("POST", settings.graphql_url, headers=headers, content=content, timeout=timeout) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                response.read()
                judge_graphql(response, request_id)
                raise refusal(response, request_id)
            for event, data in read_events(read_lines(response.iter_bytes())):
                if event == "complete":
                    return tail.complete()
                if event == "next":
                    yield tail.take(json.loads(data))
    except httpx.TransportError as cause:
        raise transport_error(cause, request_id) from cause
    raise TransportError("The stream ended before it was complete.", request_id=request_id)


def read_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Part a stream at line feeds only: JSON may hold U+2028 and others that Python takes for ends of lines."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode()


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Read `event` and `data` of each event of a stream; comments and other fields mean nothing here."""
    event, data = "", list[str]()
    for line in lines:
        if not line:
            if event or data:
                yield event, "\n".join(data)
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
