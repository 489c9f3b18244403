"""A GraphQL document with one operation, and what its answer becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import PosthasteError
from .wire import given, to_wire

T = TypeVar("T")


class Operation(Generic[T]):
    """One operation of `api/operations`."""

    def __init__(
        self,
        name: str,
        kind: Literal["query", "mutation", "subscription"],
        path: tuple[str, ...],
        result: Any,
        document: str,
    ) -> None:
        self.name = name
        self.kind = kind
        self.path = path
        """Where in `data` the result stands."""
        self.document = document
        self._result = result

    def message(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Make the request's object, with the variables as the API spells them."""
        return {"query": self.document, "operationName": self.name, "variables": to_wire(given(variables))}

    def body(self, variables: Mapping[str, Any]) -> bytes:
        """Write the request's JSON."""
        return json.dumps(self.message(variables), ensure_ascii=False).encode()

    def find(self, data: Any) -> Any:
        """Give the result as it came."""
        for name in self.path:
            data = data[name]
        return data

    def parse(self, found: Any) -> T:
        """Make the typed result."""
        try:
            return self._adapter.validate_python(found)
        except ValidationError as cause:
            raise PosthasteError(f"The answer to {self.name} does not fit this package: {cause}") from cause

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._result)


class OwnOperation(Operation["dict[str, Any]"]):
    """A document of the caller: variables and data stay as they are."""

    def __init__(self, document: str) -> None:
        # Wherever the word stands: a query with an idempotency key is a query, a mutation without one may happen twice.
        changes = re.search(r"\bmutation\b", document)
        super().__init__("request", "mutation" if changes else "query", (), dict[str, Any], document)

    def message(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Make the request's object."""
        return {"query": self.document, "variables": dict(variables)}
