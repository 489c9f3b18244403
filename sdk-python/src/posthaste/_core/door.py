"""`Posthaste.sandbox(…)` makes a client of the sandbox on this machine; `client.sandbox` gives it orders."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, overload

from .. import sandbox

Client = TypeVar("Client", covariant=True)  # noqa: PLC0105 - a client, not a variable
Area = TypeVar("Area")


class Opens(Protocol[Client]):
    """Makes a client of the sandbox on this machine."""

    def __call__(self, path: str | os.PathLike[str] | None = None, *, role: str = "editor", **options: Any) -> Client:
        """Make a client with the key of a role; `options` are those of the client.

        `sandbox.json` is read at `path`, else where the variable POSTHASTE_SANDBOX says, else in `.posthaste`
        of this folder or one above it.
        """


class SandboxDoor(Generic[Client, Area]):
    """One name with two meanings: on the class and on a client."""

    def __init__(self, area: Callable[[Any], Area]) -> None:
        self._area = area

    @overload
    def __get__(self, client: None, kind: type[Client]) -> Opens[Client]: ...
    @overload
    def __get__(self, client: object, kind: type[Client]) -> Area: ...
    def __get__(self, client: Any, kind: type[Client]) -> Any:
        if client is not None:
            return self._area(client._runner)

        def make(path: str | os.PathLike[str] | None = None, *, role: str = "editor", **options: Any) -> Client:
            found = sandbox.find(path)
            return kind(found.api_url, found.key(role), **options)  # type: ignore[call-arg]

        return make
