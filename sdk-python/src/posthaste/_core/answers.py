"""What an HTTP answer tells beside its data: ids, cost, limits."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ..errors import PosthasteError


@dataclass(frozen=True)
class Cost:
    """What an operation took from the credential's bucket of points (`extensions.cost`)."""

    requested: float
    """Reserved before it ran."""
    actual: float | None
    """Used in the end."""
    maximum: float | None
    """Points in a full bucket."""
    available: float | None
    """Points left."""
    restore_rate: float | None
    """Points that come back each second."""


@dataclass(frozen=True)
class RateLimit:
    """The server's `RateLimit` and `RateLimit-Policy` headers."""

    remaining: int
    """Points left."""
    reset: int | None
    """Seconds until there are more."""
    quota: int | None
    """Points in a full bucket."""
    window: int | None
    """Seconds in which an empty bucket fills."""


@dataclass(frozen=True)
class RequestInfo:
    """A request on its way."""

    operation: str
    request_id: str
    attempt: int
    """0 for the first try."""
    idempotency_key: str | None


@dataclass(frozen=True)
class ResponseInfo:
    """An answer."""

    operation: str
    request_id: str
    status: int
    attempt: int
    seconds: float
    replayed: bool
    """Whether the answer of an earlier request with the same idempotency key was repeated."""
    cost: Cost | None
    rate_limit: RateLimit | None


@dataclass(frozen=True)
class RetryInfo:
    """A repeat to come."""

    operation: str
    request_id: str
    attempt: int
    """The number of the repeat, from 1."""
    seconds: float
    """How long is waited first."""
    error: PosthasteError


def read_cost(body: Mapping[str, Any] | None) -> Cost | None:
    """Read `extensions.cost` of a GraphQL answer."""
    cost = ((body or {}).get("extensions") or {}).get("cost")
    if not isinstance(cost, dict) or "requested" not in cost:
        return None
    throttle = cost.get("throttle") or {}
    return Cost(
        requested=cost["requested"],
        actual=cost.get("actual"),
        maximum=throttle.get("maximum"),
        available=throttle.get("available"),
        restore_rate=throttle.get("restoreRate"),
    )


def read_rate_limit(headers: httpx.Headers) -> RateLimit | None:
    """Read the headers as draft-ietf-httpapi-ratelimit-headers has them: `"name";r=50;t=30`."""
    limit = _parameters(headers.get("ratelimit", ""))
    policy = _parameters(headers.get("ratelimit-policy", ""))
    if "r" not in limit:
        return None
    return RateLimit(remaining=limit["r"], reset=limit.get("t"), quota=policy.get("q"), window=policy.get("w"))


def _parameters(header: str) -> dict[str, int]:
    first = header.split(",", 1)[0]
    return {name: int(value) for name, value in re.findall(r";\s*([a-z]+)=(\d+)", first)}


def retry_after(headers: httpx.Headers) -> float | None:
    """Read `Retry-After` in seconds: Posthaste sends a number, a proxy before it perhaps a date."""
    value = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    # HTTP's dates are in GMT.
    return max(0.0, at.replace(tzinfo=timezone.utc).timestamp() - time.time())
