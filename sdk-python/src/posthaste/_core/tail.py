"""Following a subscription across dropped connections: what is common to both transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ..errors import PosthasteError, TransportError
from .exchange import graphql_error, wait_before_repeat
from .operation import Operation
from .settings import Settings

T = TypeVar("T")


def is_log(operation: Operation[Any]) -> bool:
    """Whether it follows the event log, which no server completes: one that does has a reason, as a revoked key."""
    return operation.path == ("events",)


class Tail(Generic[T]):
    """How far a subscription was read.

    An item with a cursor is the place to go on from: the server replays what follows it and nothing else, so
    that nothing is missed or seen twice. An item whose `event` is null tells the present at the beginning; a
    connection cut among those begins again.
    """

    def __init__(self, settings: Settings, operation: Operation[T], variables: Mapping[str, Any]) -> None:
        self._settings = settings
        self._operation = operation
        self._variables = dict(variables)
        self._failures = 0

    def message(self) -> dict[str, Any]:
        """Make the request that subscribes now."""
        return self._operation.message(self._variables)

    def take(self, answer: Mapping[str, Any]) -> T:
        """Give the item of a result, and remember its place."""
        if answer.get("errors"):
            raise graphql_error(answer, None, None)
        self._failures = 0
        item = self._operation.find(answer["data"])
        if item.get("cursor") and item.get("event", True) is not None:
            self._variables["after"] = item["cursor"]
        return self._operation.parse(item)

    def complete(self) -> None:
        """Take note that the server calls it complete; raises if it cannot be."""
        if is_log(self._operation):
            raise TransportError("The server ended the stream.")

    def wait(self, error: PosthasteError) -> float:
        """Seconds to wait before connecting again; raises `error` when there is no use in it."""
        seconds = wait_before_repeat(self._settings, error, self._failures)
        self._failures += 1
        if seconds is None or self._failures > self._settings.reconnects:
            raise error
        return seconds
