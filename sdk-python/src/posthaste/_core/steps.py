"""Work without I/O: a flow says which step comes next, and one of two drivers takes it.

Retries, uploads and error handling are written once, as flows; `run` takes their steps in this thread,
`run_async` on the event loop.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import httpx

T = TypeVar("T")

Credential: TypeAlias = "str | Callable[[], str]"
"""An API key or session token, or a function that gives one for each request."""

AsyncCredential: TypeAlias = "str | Callable[[], str] | Callable[[], Awaitable[str]]"
"""The same; the function may be a coroutine."""


@dataclass(frozen=True)
class Send:
    """Send a request; the step's result is the `httpx.Response`, its body read."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    timeout: float


@dataclass(frozen=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Authorize:
    """Get the credential; the step's result is its text."""


@dataclass(frozen=True)
class Call:
    """Call a function that may block, such as a file's `read`; the step's result is what it returns."""

    function: Callable[[], Any]


Step: TypeAlias = "Send | Sleep | Authorize | Call"
Flow = Generator[Step, Any, T]


def run(flow: Flow[T], http: httpx.Client, credential: Credential) -> T:
    """Take a flow's steps in this thread until it ends."""
    try:
        step = next(flow)
        while True:
            try:
                result = _perform(step, http, credential)
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


async def run_async(flow: Flow[T], http: httpx.AsyncClient, credential: AsyncCredential) -> T:
    """Take a flow's steps on the event loop until it ends."""
    try:
        step = next(flow)
        while True:
            try:
                result = await _perform_async(step, http, credential)
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


def sleep(seconds: float) -> None:
    """Wait in this thread; tests put something quicker here."""
    time.sleep(seconds)


async def sleep_async(seconds: float) -> None:
    """Wait on the event loop."""
    await asyncio.sleep(seconds)


def _perform(step: Step, http: httpx.Client, credential: Credential) -> Any:
    match step:
        case Send():
            return http.request(step.method, step.url, headers=step.headers, content=step.content, timeout=step.timeout)
        case Sleep():
            sleep(step.seconds)
        case Authorize():
            return credential if isinstance(credential, str) else credential()
        case Call():
            return step.function()
    return None


async def _perform_async(step: Step, http: httpx.AsyncClient, credential: AsyncCredential) -> Any:
    match step:
        case Send():
            return await http.request(
                step.method, step.url, headers=step.headers, content=step.content, timeout=step.timeout
            )
        case Sleep():
            await sleep_async(step.seconds)
        case Authorize():
            value = credential if isinstance(credential, str) else credential()
            return await value if inspect.isawaitable(value) else value
        case Call():
            return await asyncio.to_thread(step.function)
    return None
