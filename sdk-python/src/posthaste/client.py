"""The two clients: `Posthaste` blocks, `AsyncPosthaste` awaits. They have the same methods."""

from __future__ import annotations

from typing import Any

import httpx

from ._core.answers import ResponseInfo
from ._core.bulk import AsyncBulkJobs, SyncBulkJobs
from ._core.door import SandboxDoor
from ._core.media import AsyncMedia, SyncMedia
from ._core.operation import OwnOperation
from ._core.runner import AsyncRunner, SyncRunner
from ._core.settings import USER_AGENT, Hooks, RequestOptions, Settings
from ._core.steps import AsyncCredential, Credential
from .generated import async_api, sync_api
from .generated.async_api import AsyncApi
from .generated.sync_api import SyncApi

TIMEOUT = 30.0
RETRIES = 3
MAX_WAIT = 60.0
RECONNECTS = 10


class Posthaste(SyncApi):
    """A client for programs without an event loop. Threads may share it.

    ```python
    with Posthaste("https://post.example.org", "phk_live_…") as client:
        print(client.viewer.get().workspace.name)
    ```
    """

    bulk_jobs: SyncBulkJobs
    media: SyncMedia
    sandbox = SandboxDoor["Posthaste", sync_api.Sandbox](sync_api.Sandbox)
    """On the class: makes a client of the sandbox on this machine. On a client: orders to a sandbox."""

    def __init__(
        self,
        url: str,
        key: Credential | None = None,
        *,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        max_wait: float = MAX_WAIT,
        reconnects: int = RECONNECTS,
        hooks: Hooks | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """Make a client.

        - `url`: the server's address, without `/graphql`.
        - `key`: an API key or a session's token, or a function that gives one for each request. Without one only
          `sessions.create` is of use.
        - `timeout`: seconds for connecting, and again for each wait for bytes.
        - `retries`: most repeats of a request; each waits longer, with jitter, or as long as the server says.
        - `max_wait`: a server that asks to wait longer, in seconds, is not waited for.
        - `reconnects`: most vain tries in a row to take up a subscription.
        - `hooks`: functions that are told of each request.
        - `http`: an own `httpx.Client`, for proxies and certificates; it is not closed with this client.
        """
        self._own = http is None
        settings = _settings(url, timeout, retries, max_wait, reconnects, hooks)
        self._runner = SyncRunner(settings, http or httpx.Client(), key or "")
        super().__init__(self._runner)
        self.bulk_jobs = SyncBulkJobs(self._runner)
        self.media = SyncMedia(self._runner)

    @property
    def last_response(self) -> ResponseInfo | None:
        """What the last answer told: request id, cost, rate limits. With threads, use `Hooks.on_response`."""
        return self._runner.settings.last_response

    def request(
        self, document: str, variables: dict[str, Any] | None = None, *, options: RequestOptions | None = None
    ) -> dict[str, Any]:
        """Execute a query or mutation of your own and give its `data` as it comes."""
        return self._runner.call(OwnOperation(document), variables or {}, options)

    def close(self) -> None:
        """Close connections."""
        if self._own:
            self._runner.http.close()

    def __enter__(self) -> Posthaste:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncPosthaste(AsyncApi):
    """A client for programs with an event loop.

    ```python
    async with AsyncPosthaste("https://post.example.org", "phk_live_…") as client:
        async for event in client.events.follow(): ...
    ```
    """

    bulk_jobs: AsyncBulkJobs
    media: AsyncMedia
    sandbox = SandboxDoor["AsyncPosthaste", async_api.Sandbox](async_api.Sandbox)
    """On the class: makes a client of the sandbox on this machine. On a client: orders to a sandbox."""

    def __init__(
        self,
        url: str,
        key: AsyncCredential | None = None,
        *,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        max_wait: float = MAX_WAIT,
        reconnects: int = RECONNECTS,
        hooks: Hooks | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Make a client, as `Posthaste` is made; a function for `key` may be a coroutine."""
        self._own = http is None
        settings = _settings(url, timeout, retries, max_wait, reconnects, hooks)
        self._runner = AsyncRunner(settings, http or httpx.AsyncClient(), key or "")
        super().__init__(self._runner)
        self.bulk_jobs = AsyncBulkJobs(self._runner)
        self.media = AsyncMedia(self._runner)

    @property
    def last_response(self) -> ResponseInfo | None:
        """What the last answer told: request id, cost, rate limits. With tasks, use `Hooks.on_response`."""
        return self._runner.settings.last_response

    async def request(
        self, document: str, variables: dict[str, Any] | None = None, *, options: RequestOptions | None = None
    ) -> dict[str, Any]:
        """Execute a query or mutation of your own and give its `data` as it comes."""
        return await self._runner.call(OwnOperation(document), variables or {}, options)

    async def close(self) -> None:
        """Close connections."""
        if self._own:
            await self._runner.http.aclose()

    async def __aenter__(self) -> AsyncPosthaste:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _settings(
    url: str, timeout: float, retries: int, max_wait: float, reconnects: int, hooks: Hooks | None
) -> Settings:
    return Settings(
        url=url.rstrip("/").removesuffix("/graphql"),
        timeout=timeout,
        retries=retries,
        max_wait=max_wait,
        reconnects=reconnects,
        hooks=hooks or Hooks(),
        user_agent=USER_AGENT,
    )
