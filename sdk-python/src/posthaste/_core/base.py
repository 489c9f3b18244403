"""What generated models and enums are made of."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """Something the API returned. Fields of a newer server are ignored; objects do not change."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, protected_namespaces=()
    )


class OpenEnum(str, Enum):
    """An enum whose members are texts. A word that a newer server says becomes a member of its own.

    Such a member has the word as `name` and `value`, equals the text, and can be sent back.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the package knows the word."""
        return self._name_ in type(self).__members__

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self), (self.value,)


def typename(value: Any) -> str:
    """Name the concrete type of an interface's object, as GraphQL says it."""
    if isinstance(value, dict):
        return str(value.get("__typename", ""))
    return type(value).__name__
