"""From Python's values to the JSON that the API takes."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel


class Json(dict[str, Any]):
    """Free JSON, such as a passkey: its keys are sent as they are."""


def to_wire(value: Any) -> Any:
    """Rename keys to the API's names and write times as text. `None` stays: it clears a field."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value) if isinstance(value, Json) else {camel(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(item) for item in value]
    return value


def given(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out arguments that were not given."""
    return {name: value for name, value in variables.items() if value is not None}


def camel(name: str) -> str:
    """Spell `connection_id` as the API does, `connectionId`; `from_` is `from`."""
    if name.endswith("_") and keyword.iskeyword(name[:-1]):
        return name[:-1]
    return to_camel(name)
