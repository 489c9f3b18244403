"""Where the sandbox on this machine is (`cargo xtask sandbox` writes it down)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import PosthasteError

FILE = Path(".posthaste/sandbox.json")
VARIABLE = "POSTHASTE_SANDBOX"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    api_url: str
    """The API."""
    networks_url: str
    """The simulated networks: walls, log, control API."""
    keys: Mapping[str, str]
    """An API key for each role: owner, admin, editor, viewer."""

    def key(self, role: str) -> str:
        """Give the key of a role."""
        try:
            return self.keys[role]
        except KeyError:
            roles = ", ".join(self.keys)
            raise PosthasteError(f"There is no key for {role!r}, only for {roles}.") from None


def find(path: str | os.PathLike[str] | None = None) -> Sandbox:
    """Read `sandbox.json`: at `path`, else where POSTHASTE_SANDBOX says, else in `.posthaste` here or above."""
    place = Path(path) if path else _nearest()
    try:
        facts = json.loads(place.read_text())
    except FileNotFoundError:
        where = "in .posthaste, here or in a folder above" if place == FILE else f"at {place}"
        advice = f"Start `cargo xtask sandbox`, or say in {VARIABLE} where the file is."
        raise PosthasteError(f"There is no sandbox.json {where}. {advice}") from None
    return Sandbox(facts["apiUrl"], facts["networksUrl"], facts["keys"])


def _nearest() -> Path:
    if said := os.environ.get(VARIABLE):
        return Path(said)
    here = Path.cwd()
    found = (folder / FILE for folder in (here, *here.parents) if (folder / FILE).exists())
    return next(found, FILE)
