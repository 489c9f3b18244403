"""A running sandbox is needed: POSTHASTE_SANDBOX names its `sandbox.json` (`cargo xtask test` starts one)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from posthaste import Posthaste
from posthaste.sandbox import Sandbox, find

if "POSTHASTE_SANDBOX" not in os.environ:
    collect_ignore_glob = ["test_*"]


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return find()


@pytest.fixture(scope="session")
def editor() -> Iterator[Posthaste]:
    with Posthaste.sandbox() as client:
        yield client


@pytest.fixture(scope="session")
def admin() -> Iterator[Posthaste]:
    with Posthaste.sandbox(role="admin") as client:
        yield client
