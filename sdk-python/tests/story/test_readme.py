"""A new user: the wheel, in an empty folder, and what its README says."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.readme import FILE, blocks

from .test_story import PICTURE

END = """
client.close()
watched.close()
import posthaste
print(posthaste.__file__)
"""


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run Python and give what it prints."""
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_code_runs_with_the_wheel(tmp_path: Path) -> None:
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, cwd=FILE.parent)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as files:
        files.extractall(installed)
    (tmp_path / "harbor.jpg").write_bytes(PICTURE.read_bytes())
    # Whoever follows events does so for ever; the test has seen enough after one.
    code = [block + "    break\n" if "events.follow" in block else block for block in blocks()]
    program = tmp_path / "first.py"
    program.write_text("\n".join([*code, END]))
    printed = run("-W", "error", program, cwd=tmp_path, PYTHONPATH=str(installed))
    for network in ("FACEBOOK", "INSTAGRAM", "PINTEREST", "X"):
        assert f"{network} PUBLISHED http" in printed
    for told in ("TARGET_PUBLISHED target_", "FACEBOOK 631", "FINISHED 2 of 2", "2 CREATED []"):
        assert told in printed
    assert printed.splitlines()[-1] == str(installed / "posthaste/__init__.py")
