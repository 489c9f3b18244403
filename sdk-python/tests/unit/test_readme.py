"""The README's code is typed correctly; tests/story runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme import FILE, blocks


def mypy(file: Path, code: str) -> str:
    """Check a program as strictly as can be; nothing is said when it is right."""
    file.write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)]
    return subprocess.run(command, cwd=FILE.parent, capture_output=True, text=True, check=False).stdout


def test_its_code_passes_mypy(tmp_path: Path) -> None:
    assert mypy(tmp_path / "readme.py", "\n".join(blocks())) == ""


def test_nested_inputs_pass_mypy(tmp_path: Path) -> None:
    code = """
from posthaste import Posthaste
from posthaste.types import Network, PostOrder
client = Posthaste.sandbox()
client.connections.list(filter={"networks": [Network.X, Network.FACEBOOK]})
client.posts.list(filter={"text": "Rye", "states": None}, order_by=PostOrder.DUE_AT_ASC)
client.sandbox.clock_advance(seconds=60)
Posthaste.sandbox("a.json", role="admin", retries=1).sandbox.faults_clear().cleared + 1
client.posts.create(variants=[{"network": Network.X, "text": "Rye", "media": [{"id": "media_1", "crop": None}]}])
"""
    assert mypy(tmp_path / "nested.py", code) == ""


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("client.posts.create(txt='Rye')", 'Unexpected keyword argument "txt"'),
        ("client.posts.create(text=1)", "incompatible type"),
        ("client.posts.create(targets=[{'connection': 'conn_1'}])", 'Missing key "connection_id"'),
        ("client.posts.update(text='Rye')", 'Missing named argument "id"'),
        ("Posthaste.sandbox(rolle='admin').posts.get(1)", "incompatible type"),
        ("client.posts.get('post_1').txt", 'has no attribute "txt"'),
        ("client.connections.list(filter={'networks': ['x']})", 'expected "ConnectionFilter | None"'),
    ],
)
def test_mistakes_are_found_by_mypy(tmp_path: Path, mistake: str, told: str) -> None:
    code = f"from posthaste import Posthaste\nclient = Posthaste.sandbox()\n{mistake}\n"
    assert told in mypy(tmp_path / "mistake.py", code)
