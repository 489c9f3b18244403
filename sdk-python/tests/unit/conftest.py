from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from posthaste import AsyncPosthaste, Posthaste
from posthaste._core import steps

from .stub import Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, instead of waiting. Jitter is the half of what it may be."""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr(steps, "sleep", naps.append)
    monkeypatch.setattr(steps, "sleep_async", nap)
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    return naps


class Ask:
    """Calls a function with a client; what an asynchronous one gives is awaited or listed."""

    def __init__(self, url: str, *, asynchronous: bool) -> None:
        self._url = url
        self._asynchronous = asynchronous

    def __call__(self, use: Callable[[Any], Any], **options: Any) -> Any:
        options = {"url": self._url, "key": "phk_test_1", **options}
        if self._asynchronous:
            return asyncio.run(self._await(use, options))
        with Posthaste(**options) as client:
            result = use(client)
            return list(result) if inspect.isgenerator(result) else result

    async def _await(self, use: Callable[[Any], Any], options: dict[str, Any]) -> Any:
        async with AsyncPosthaste(**options) as client:
            result = use(client)
            if hasattr(result, "__aiter__"):
                return [item async for item in result]
            return await result if inspect.isawaitable(result) else result

    def http(self, handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client | httpx.AsyncClient:
        kind = httpx.AsyncClient if self._asynchronous else httpx.Client
        return kind(transport=httpx.MockTransport(handler))


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, stub: Stub) -> Ask:
    return Ask(stub.url, asynchronous=request.param == "async")
