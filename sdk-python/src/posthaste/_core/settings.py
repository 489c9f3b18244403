"""How a client behaves."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field

from .._version import __version__
from .answers import RequestInfo, ResponseInfo, RetryInfo

USER_AGENT = f"posthaste-python/{__version__} (Python {platform.python_version()}; {platform.system()})"


@dataclass(frozen=True)
class Hooks:
    """Functions that are told of each request, for logs and figures. They must not block for long."""

    on_request: Callable[[RequestInfo], None] | None = None
    """Before a request is sent, repeats included."""
    on_response: Callable[[ResponseInfo], None] | None = None
    """After an answer came, also a refusal."""
    on_retry: Callable[[RetryInfo], None] | None = None
    """Before waiting for a repeat."""


@dataclass(frozen=True)
class RequestOptions:
    """What one call does differently from its client."""

    timeout: float | None = None
    """Seconds for connecting, and again for each wait for bytes."""
    retries: int | None = None
    """Most repeats."""
    idempotency_key: str | None = None
    """The key of a mutation; otherwise each call has a new one, the same for its repeats."""


@dataclass
class Settings:
    """A client's address and habits, and what its last answer told."""

    url: str
    timeout: float
    retries: int
    max_wait: float
    reconnects: int
    hooks: Hooks
    user_agent: str = USER_AGENT
    last_response: ResponseInfo | None = field(default=None, init=False)

    @property
    def graphql_url(self) -> str:
        """Where operations are sent."""
        return f"{self.url}/graphql"

    @property
    def socket_url(self) -> str:
        """Where subscriptions over WebSocket begin."""
        return "ws" + self.graphql_url.removeprefix("http")
