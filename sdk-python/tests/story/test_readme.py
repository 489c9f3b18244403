"""The README's code runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from posthaste import webhooks
from tests.readme import FILE, blocks


def test_its_code_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FILE.parents[1])
    names: dict[str, Any] = {}
    for block in blocks():
        # Whoever follows events does so for ever; the test has seen enough after one.
        code = block + "    break\n" if "events.follow" in block else block
        exec(compile(code, str(FILE), "exec"), names)
        if "secret" in names and "headers" not in names:
            names["headers"] = webhooks.sign(names["body"], names["secret"])
    names["client"].close()
    names["watched"].close()
    printed = capsys.readouterr().out
    for network in ("FACEBOOK", "INSTAGRAM", "PINTEREST", "X"):
        assert f"{network} PUBLISHED http" in printed
    assert "TARGET_PUBLISHED target_" in printed
    assert Path.cwd() == FILE.parents[1]
