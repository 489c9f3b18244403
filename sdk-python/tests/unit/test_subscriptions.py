"""Following subscriptions: what comes, and what happens when the connection drops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from itertools import islice
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from posthaste import AsyncPosthaste, Posthaste, TransportError, errors

from .stub import Answer, Stub, data, events, refused


def event(n: int) -> dict[str, Any]:
    ids = {"postId": None, "targetId": None, "connectionId": None, "mediaId": None, "data": {}}
    told = {"id": f"evt_{n}", "cursor": f"c{n}", "type": "POST_CREATED", "at": "2026-11-22T09:00:00Z", **ids}
    return {**told, "provenance": {"kind": "KEY", "personId": None, "keyId": "key_1"}}


THROTTLED = {"message": "Wait.", "extensions": {"code": "RATE_LIMITED", "retryable": True, "retryAfter": 7}}


def progress(state: str, cursor: str, happened: int | None) -> dict[str, Any]:
    target = {
        "id": "target_1",
        "state": state,
        "network": "X",
        "connection": {"id": "conn_1", "name": "Bakery", "username": None},
        "allowedActions": [],
        "attempt": 1,
        "version": 1,
    }
    at = None if happened is None else event(happened)
    return {"targetProgress": {"cursor": cursor, "event": at, "target": target}}


def after(body: Any) -> Any:
    return body["variables"].get("after")


# Server-sent events, the blocking client


def followed(stub: Stub, count: int, **arguments: Any) -> list[str]:
    """Follow events with a client of this server until so many came."""
    with Posthaste(stub.url, "phk_test_1", reconnects=3) as client:
        return [one.id for one in islice(client.events.follow(**arguments), count)]


def test_events_come_as_they_happen(stub: Stub) -> None:
    stub.says(events({"events": event(1)}, {"events": event(2)}))
    assert followed(stub, 2, after="c0", types=["POST_CREATED"]) == ["evt_1", "evt_2"]
    (asked,) = stub.asked
    assert asked.headers["accept"] == "text/event-stream"
    assert asked.headers["authorization"] == "Bearer phk_test_1"
    assert asked.json["variables"] == {"types": ["POST_CREATED"], "after": "c0"}


def test_a_dropped_stream_goes_on_after_the_last_cursor(stub: Stub, naps: list[float]) -> None:
    stub.says(
        events({"events": event(1)}, {"events": event(2)}, complete=False),
        Answer(cut=True),
        refused("UNAVAILABLE", 503, retryable=True),
        events({"events": event(3)}),
    )
    assert followed(stub, 3, after="c0") == ["evt_1", "evt_2", "evt_3"]
    assert [after(asked.json) for asked in stub.asked] == ["c0", "c2", "c2", "c2"]
    assert naps == [0.25, 0.5, 1.0]


def test_without_a_cursor_it_begins_at_this_moment(stub: Stub) -> None:
    stub.says(data(workspace={"eventsCursor": "c7"}), Answer(cut=True), events({"events": event(8)}))
    assert followed(stub, 1) == ["evt_8"]
    assert [after(asked.json) for asked in stub.asked] == [None, "c7", "c7"]


def test_only_line_feeds_end_lines(stub: Stub) -> None:
    odd = event(1) | {"data": {"text": "one\u2028two\u0085three\x0bfour"}}
    body = f"event: next\r\ndata: {json.dumps({'data': {'events': odd}}, ensure_ascii=False)}\r\n\r\n"
    stub.says(Answer(body=body, headers={"Content-Type": "text/event-stream"}, cut=True))
    with Posthaste(stub.url, "phk_test_1") as client:
        assert next(client.events.follow(after="c0")).data == odd["data"]


def test_vain_tries_end(stub: Stub) -> None:
    stub.says(Answer(cut=True))
    with pytest.raises(TransportError):
        followed(stub, 1, after="c0")
    assert len(stub.asked) == 4


def test_a_refusal_is_raised(stub: Stub) -> None:
    stub.says(refused("UNAUTHENTICATED", 401))
    with pytest.raises(errors.Unauthenticated):
        followed(stub, 1, after="c0")
    told = {"message": "No.", "extensions": {"code": "FORBIDDEN", "requestId": "req_1"}}
    body = f"event: next\ndata: {json.dumps({'errors': [told]})}\n\n"
    stub.says(Answer(body=body, headers={"Content-Type": "text/event-stream"}, cut=True))
    with pytest.raises(errors.Forbidden):
        followed(stub, 1, after="c0")
    assert len(stub.asked) == 2


def test_whoever_follows_too_much_waits(stub: Stub, naps: list[float]) -> None:
    body = f"event: next\ndata: {json.dumps({'errors': [THROTTLED]})}\n\nevent: complete\ndata:\n\n"
    throttled = Answer(body=body, headers={"Content-Type": "text/event-stream"}, cut=True)
    stub.says(throttled, events({"events": event(1)}))
    assert followed(stub, 1, after="c0") == ["evt_1"]
    assert naps == [7.0625]


def test_a_log_that_is_said_to_be_complete_goes_on(stub: Stub) -> None:
    """So ends a stream of server-sent events whose key was revoked."""
    stub.says(events({"events": event(1)}), refused("UNAUTHENTICATED", 401))
    with pytest.raises(errors.Unauthenticated):
        followed(stub, 2, after="c0")


def test_targets_are_followed_until_they_rest(stub: Stub) -> None:
    stub.says(events(progress("SCHEDULED", "c5", None), progress("PUBLISHED", "c6", 6)))
    with Posthaste(stub.url, "phk_test_1") as client:
        states = [str(one.target.state) for one in client.targets.follow(post_id="post_1")]
    assert states == ["SCHEDULED", "PUBLISHED"]
    assert stub.asked[0].json["variables"] == {"postId": "post_1"}


def test_a_stream_cut_among_the_present_states_begins_again(stub: Stub) -> None:
    now, later = progress("SCHEDULED", "c5", None), progress("PUBLISHED", "c6", 6)
    stub.says(events(now, complete=False), events(now, later, complete=False), events(complete=True))
    with Posthaste(stub.url, "phk_test_1") as client:
        states = [str(one.target.state) for one in client.targets.follow(target_id="target_1")]
    assert states == ["SCHEDULED", "SCHEDULED", "PUBLISHED"]
    assert [after(asked.json) for asked in stub.asked] == [None, None, "c6"]


# graphql-transport-ws, the asynchronous client


class Socket:
    """A server of the protocol that plays one script after the other, a script for each connection."""

    def __init__(self, *scripts: Callable[[ServerConnection], Any]) -> None:
        self._scripts = list(scripts)
        self.subscribed: list[Any] = []
        self.payloads: list[Any] = []

    async def __call__(self, socket: ServerConnection) -> None:
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        began = json.loads(await socket.recv())
        self.payloads.append(began["payload"])
        await say(socket, type="ping")
        assert json.loads(await socket.recv()) == {"type": "pong"}
        await say(socket, type="connection_ack")
        message = json.loads(await socket.recv())
        assert (message["type"], message["id"]) == ("subscribe", "1")
        self.subscribed.append(message["payload"]["variables"].get("after"))
        await script(socket)

    def follow(self, count: int, **arguments: Any) -> list[str]:
        """Follow events with a client of this server until so many came."""

        async def run() -> list[str]:
            protocol = Subprotocol("graphql-transport-ws")
            async with serve(self, "127.0.0.1", 0, subprotocols=[protocol]) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                async with AsyncPosthaste(f"http://127.0.0.1:{port}", "phk_test_1", reconnects=2) as client:
                    seen: list[str] = []
                    async with aclosing(client.events.follow(**arguments)) as stream:
                        while len(seen) < count:
                            seen.append((await anext(stream)).id)
                    return seen

        return asyncio.run(run())


async def say(socket: ServerConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


def tells(*numbers: int, complete: bool = False, code: int | None = None) -> Callable[[ServerConnection], Any]:
    async def script(socket: ServerConnection) -> None:
        for n in numbers:
            await say(socket, type="next", id="1", payload={"data": {"events": event(n)}})
        if complete:
            await say(socket, type="complete", id="1")
            await socket.wait_closed()
        elif code:
            await socket.close(code, "because")
        else:
            socket.transport.abort()

    return script


def test_events_come_over_a_socket() -> None:
    socket = Socket(tells(1, 2, complete=True))
    assert socket.follow(2, after="c0") == ["evt_1", "evt_2"]
    assert socket.payloads == [{"authorization": "Bearer phk_test_1"}]
    assert socket.subscribed == ["c0"]


def test_a_dropped_socket_goes_on_after_the_last_cursor(naps: list[float]) -> None:
    socket = Socket(tells(1, code=1012), tells(2), tells(code=1013), tells(3, complete=True))
    assert socket.follow(3, after="c0") == ["evt_1", "evt_2", "evt_3"]
    assert socket.subscribed == ["c0", "c1", "c2", "c2"]
    # Each event that came makes the next wait short again.
    assert naps == [0.25, 0.25, 0.5]


def test_vain_sockets_end() -> None:
    socket = Socket(tells())
    with pytest.raises(TransportError):
        socket.follow(1, after="c0")
    assert socket.subscribed == ["c0"] * 3


def test_a_refused_credential_is_raised_at_once() -> None:
    socket = Socket(tells(code=4403))
    with pytest.raises(errors.Unauthenticated, match=r"because \(4403\)"):
        socket.follow(1, after="c0")
    assert len(socket.subscribed) == 1


def test_an_error_of_the_operation_is_raised() -> None:
    async def script(socket: ServerConnection) -> None:
        told = {"message": "No.", "extensions": {"code": "INVALID_CURSOR", "requestId": "req_1"}}
        await say(socket, type="error", id="1", payload=[told])
        await socket.wait_closed()

    with pytest.raises(errors.InvalidInput, match="INVALID_CURSOR"):
        Socket(script).follow(1, after="nonsense")


def test_whoever_follows_too_much_over_a_socket_waits(naps: list[float]) -> None:
    async def throttle(socket: ServerConnection) -> None:
        await say(socket, type="error", id="1", payload=[THROTTLED])
        await socket.wait_closed()

    assert Socket(throttle, tells(1, complete=True)).follow(1, after="c0") == ["evt_1"]
    assert naps == [7.0625]
