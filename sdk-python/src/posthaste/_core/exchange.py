"""One request and its repeats."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from ..errors import ApiError, PosthasteError, RequestTimeout, TransportError, api_error, user_errors
from ..generated.models import MutationError
from .answers import RequestInfo, ResponseInfo, RetryInfo, read_cost, read_rate_limit, retry_after
from .operation import Operation
from .settings import RequestOptions, Settings
from .steps import Authorize, Flow, Send, Sleep, Step

T = TypeVar("T")

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
ACCEPT = "application/graphql-response+json, application/json;q=0.9"


@dataclass(frozen=True)
class Request:
    """An HTTP request that may be sent several times."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    options: RequestOptions


def execute(
    settings: Settings, operation: Operation[T], variables: Mapping[str, Any], options: RequestOptions | None
) -> Flow[T]:
    """Send an operation. Raises `ApiError`, and `UserErrors` for those in a mutation's payload."""
    options = options or RequestOptions()
    headers = {"Content-Type": "application/json", "Accept": ACCEPT}
    if operation.kind == "mutation":
        headers["Idempotency-Key"] = options.idempotency_key or uuid.uuid4().hex
    content = operation.body(variables)
    request = Request(operation.name, "POST", settings.graphql_url, headers, content, options)
    data, request_id = yield from exchange(settings, request, judge_graphql)
    found = operation.find(data)
    if operation.kind == "mutation" and operation.path and found.get("errors"):
        raise user_errors([MutationError.model_validate(e) for e in found["errors"]], request_id=request_id)
    return operation.parse(found)


def exchange(settings: Settings, request: Request, judge: Callable[[httpx.Response, str], T]) -> Flow[T]:
    """Send a request until it is answered, at most as often as settings or options allow.

    `judge` makes a result of an answer, or raises; what it raises is repeated if that may help.
    """
    retries = settings.retries if request.options.retries is None else request.options.retries
    attempt = 0
    while True:
        request_id = f"req_{uuid.uuid4().hex}"
        try:
            response = yield from _send(settings, request, attempt, request_id)
            return judge(response, response.headers.get("x-request-id", request_id))
        except PosthasteError as error:
            seconds = wait_before_repeat(settings, error, attempt)
            if attempt >= retries or seconds is None:
                raise
            attempt += 1
            told = RetryInfo(request.operation, request_id, attempt, seconds, error)
        if settings.hooks.on_retry:
            settings.hooks.on_retry(told)
        yield Sleep(seconds)


def wait_before_repeat(settings: Settings, error: PosthasteError, attempt: int) -> float | None:
    """Seconds to wait before a repeat, with full jitter; none if no repeat can help, or not soon enough."""
    if not _passes(error):
        return None
    jitter = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**attempt))  # noqa: S311
    asked: float | None = getattr(error, "retry_after", None)
    if asked is None:
        return jitter
    # Not all at the moment that the server named.
    return asked + jitter / 4 if asked <= settings.max_wait else None


def _passes(error: PosthasteError) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, ApiError):
        return error.retryable
    return isinstance(error, TransportError) and (error.status is None or error.status in REPEATABLE)


def _send(settings: Settings, request: Request, attempt: int, request_id: str) -> Generator[Step, Any, httpx.Response]:
    headers = dict(request.headers)
    headers["User-Agent"] = settings.user_agent
    headers["X-Request-Id"] = request_id
    if attempt:
        headers["X-Retry-Count"] = str(attempt)
    if credential := (yield Authorize()):
        headers["Authorization"] = f"Bearer {credential}"
    timeout = request.options.timeout or settings.timeout
    if settings.hooks.on_request:
        key = headers.get("Idempotency-Key")
        settings.hooks.on_request(RequestInfo(request.operation, request_id, attempt, key))
    begun = time.monotonic()
    try:
        response: httpx.Response = yield Send(request.method, request.url, headers, request.content, timeout)
    except httpx.TransportError as cause:
        raise transport_error(cause, request_id) from cause
    _note(settings, request, response, attempt, time.monotonic() - begun, request_id)
    return response


def transport_error(cause: httpx.TransportError, request_id: str | None) -> TransportError:
    """Say in our words that no answer came."""
    if isinstance(cause, httpx.TimeoutException):
        return RequestTimeout(f"Posthaste did not answer in time ({cause!r}).", request_id=request_id)
    return TransportError(f"Posthaste cannot be reached ({cause!r}).", request_id=request_id)


def _note(
    settings: Settings, request: Request, response: httpx.Response, attempt: int, seconds: float, sent_id: str
) -> None:
    settings.last_response = ResponseInfo(
        operation=request.operation,
        request_id=response.headers.get("x-request-id", sent_id),
        status=response.status_code,
        attempt=attempt,
        seconds=seconds,
        replayed=response.headers.get("idempotent-replayed") == "true",
        cost=read_cost(_json(response)),
        rate_limit=read_rate_limit(response.headers),
    )
    if settings.hooks.on_response:
        settings.hooks.on_response(settings.last_response)


def judge_graphql(response: httpx.Response, request_id: str) -> tuple[dict[str, Any], str]:
    """Give a GraphQL answer's data and its request's id, or raise its first error."""
    body = _json(response)
    if body and body.get("errors"):
        raise graphql_error(body, response, request_id)
    if body and isinstance(body.get("data"), dict):
        return body["data"], request_id
    raise refusal(response, request_id)


def graphql_error(body: Mapping[str, Any], response: httpx.Response | None, request_id: str | None) -> ApiError:
    """Make the error of an answer's first GraphQL error."""
    first = body["errors"][0]
    told = {**(first.get("extensions") or {}), "message": first.get("message")}
    error = api_error(told, status=response.status_code if response else None, request_id=request_id)
    error.data = body.get("data")
    if error.retry_after is None and response:
        error.retry_after = retry_after(response.headers)
    return error


def refusal(response: httpx.Response, request_id: str) -> PosthasteError:
    """Make the error of an answer that is no GraphQL: a problem document, or something else's page."""
    body = _json(response)
    if body and "code" in body:
        error = api_error(body, status=response.status_code, request_id=request_id)
        if error.retry_after is None:
            error.retry_after = retry_after(response.headers)
        return error
    message = f"{response.url} answered {response.status_code}, not as Posthaste does."
    wait = retry_after(response.headers)
    return TransportError(message, request_id=request_id, status=response.status_code, retry_after=wait)


def _json(response: httpx.Response) -> dict[str, Any] | None:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
