"""Subscriptions over WebSocket, for the asynchronous client (graphql-transport-ws)."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ..errors import PosthasteError, TransportError, api_error
from . import steps
from .exchange import graphql_error
from .operation import Operation
from .settings import Settings
from .steps import AsyncCredential
from .tail import Tail

T = TypeVar("T")

PROTOCOL = Subprotocol("graphql-transport-ws")
LARGEST = 16 * 1024 * 1024
"""Longest message in bytes that is taken."""

REFUSED = {
    4401: "UNAUTHENTICATED",
    4403: "UNAUTHENTICATED",
    4400: "BAD_REQUEST",
    4409: "BAD_REQUEST",
    4429: "RATE_LIMITED",
}
"""Close codes after which the same would happen again."""


async def follow(
    settings: Settings, credential: AsyncCredential, operation: Operation[T], variables: Mapping[str, Any]
) -> AsyncGenerator[T, None]:
    """Give each item until the server completes; a dropped connection is taken up where it ended."""
    tail = Tail(settings, operation, variables)
    while True:
        try:
            async with aclosing(_connection(settings, credential, tail)) as items:
                async for item in items:
                    yield item
            return
        except PosthasteError as error:
            await steps.sleep_async(tail.wait(error))


async def _connection(settings: Settings, credential: AsyncCredential, tail: Tail[T]) -> AsyncGenerator[T, None]:
    word = credential if isinstance(credential, str) else credential()
    word = await word if inspect.isawaitable(word) else word
    try:
        async with connect(
            settings.socket_url,
            subprotocols=[PROTOCOL],
            user_agent_header=settings.user_agent,
            open_timeout=settings.timeout,
            max_size=LARGEST,
        ) as socket:
            payload = {"authorization": f"Bearer {word}"} if word else {}
            await _say(socket, {"type": "connection_init", "payload": payload})
            while True:
                message = json.loads(await socket.recv())
                match message["type"]:
                    case "connection_ack":
                        await _say(socket, {"id": "1", "type": "subscribe", "payload": tail.message()})
                    case "ping":
                        await _say(socket, {"type": "pong"})
                    case "next":
                        yield tail.take(message["payload"])
                    case "error":
                        raise graphql_error({"errors": message["payload"]}, None, None)
                    case "complete":
                        tail.complete()
                        return
    except ConnectionClosed as cause:
        raise _closed(cause) from cause
    except (OSError, TimeoutError, InvalidHandshake) as cause:
        raise TransportError(f"Posthaste cannot be reached ({cause!r}).") from cause


async def _say(socket: ClientConnection, message: Mapping[str, Any]) -> None:
    await socket.send(json.dumps(message, ensure_ascii=False))


def _closed(cause: ConnectionClosed) -> PosthasteError:
    code, reason = (cause.rcvd.code, cause.rcvd.reason) if cause.rcvd else (1006, "the connection was cut")
    if code in REFUSED:
        told = {"code": REFUSED[code], "message": f"{reason} ({code}).", "retryable": code == 4429}
        return api_error(told, status=None, request_id=None)
    return TransportError(f"The connection ended: {reason or 'no reason given'} ({code}).")
