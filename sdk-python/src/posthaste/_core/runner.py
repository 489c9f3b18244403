"""What generated methods call: it runs operations, one way or the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import httpx

from ..generated.operations import EVENT_HEAD
from . import socket, sse
from .exchange import execute
from .operation import Operation
from .settings import RequestOptions, Settings
from .steps import AsyncCredential, Credential, Flow, run, run_async
from .tail import is_log
from .wire import given

T = TypeVar("T")


class SyncRunner:
    """Runs operations in the caller's thread."""

    def __init__(self, settings: Settings, http: httpx.Client, credential: Credential) -> None:
        self.settings = settings
        self.http = http
        self._credential = credential

    def call(self, operation: Operation[T], variables: Mapping[str, Any], options: RequestOptions | None) -> T:
        """Execute a query or mutation."""
        return self.run(execute(self.settings, operation, variables, options))

    def follow(self, operation: Operation[T], variables: Mapping[str, Any]) -> Generator[T, None, None]:
        """Follow a subscription; the event log from this call on unless a cursor is given."""
        variables = given(variables)
        if is_log(operation) and "after" not in variables:
            # A connection that drops before the first event must know where it ended.
            variables["after"] = self.call(EVENT_HEAD, {}, None)
        return sse.follow(self.settings, self.http, self._credential, operation, variables)

    def run(self, flow: Flow[T]) -> T:
        """Take a flow's steps."""
        return run(flow, self.http, self._credential)


class AsyncRunner:
    """Runs operations on the event loop."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, credential: AsyncCredential) -> None:
        self.settings = settings
        self.http = http
        self._credential = credential

    async def call(self, operation: Operation[T], variables: Mapping[str, Any], options: RequestOptions | None) -> T:
        """Execute a query or mutation."""
        return await self.run(execute(self.settings, operation, variables, options))

    async def follow(self, operation: Operation[T], variables: Mapping[str, Any]) -> AsyncGenerator[T, None]:
        """Follow a subscription; the event log from the first step on unless a cursor is given."""
        variables = given(variables)
        if is_log(operation) and "after" not in variables:
            variables["after"] = await self.call(EVENT_HEAD, {}, None)
        async with aclosing(socket.follow(self.settings, self._credential, operation, variables)) as items:
            async for item in items:
                yield item

    async def run(self, flow: Flow[T]) -> T:
        """Take a flow's steps."""
        return await run_async(flow, self.http, self._credential)
