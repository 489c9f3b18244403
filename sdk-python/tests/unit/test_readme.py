"""The README's code is typed correctly; tests/story runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.readme import FILE, blocks


def test_its_code_passes_mypy(tmp_path: Path) -> None:
    file = tmp_path / "readme.py"
    headers = "headers: dict[str, str] = {}\n"
    file.write_text("\n".join([*blocks()[:2], headers, *blocks()[2:]]))
    command = [sys.executable, "-m", "mypy", "--strict", str(file)]
    checked = subprocess.run(command, cwd=FILE.parent, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
