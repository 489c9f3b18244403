"""Names: the API's to Python's."""

from __future__ import annotations

import keyword
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pydantic import BaseModel


def _camel() -> Callable[[str], str]:
    """Take the runtime's own function, from its file: the package may not work before it is generated."""
    place = Path(__file__).parent.parent / "src/posthaste/_core/wire.py"
    return cast("Callable[[str], str]", runpy.run_path(str(place))["camel"])


camel = _camel()


def snake(name: str) -> str:
    """`connectionId` is `connection_id`; Python's own words get an underscore behind."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{text}_" if keyword.iskeyword(text) else text


def field(name: str) -> str:
    """Name a field of a model: what the base class has already gets an underscore behind."""
    text = snake(name)
    return f"{text}_" if hasattr(BaseModel, text) else text


def argument(name: str) -> str:
    """Name an argument or input field; `to_wire` must find the API's name again."""
    text = snake(name)
    if camel(text) != name:
        raise ValueError(f"{name} cannot be told from {text}: teach posthaste._core.wire")
    return text


def pascal(name: str) -> str:
    """`postStatus` is `PostStatus`."""
    return name[:1].upper() + name[1:]


def singular(name: str) -> str:
    """`variants` is `variant`; other words stay."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def docstring(text: str | None, fallback: str = "") -> str:
    """Write a description as a docstring."""
    words = (text or fallback).strip().replace("\\", "\\\\").replace('"""', "'''")
    if not words:
        return ""
    if words.endswith('"'):
        words += " "
    return f'"""{words}"""'
