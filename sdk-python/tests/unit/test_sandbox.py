"""Finding the sandbox of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posthaste import Posthaste, PosthasteError, sandbox

FACTS = {"apiUrl": "http://127.0.0.1:4000", "networksUrl": "http://127.0.0.1:4100", "keys": {"editor": "phk_test_2"}}


def write(folder: Path) -> Path:
    file = folder / ".posthaste/sandbox.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(FACTS))
    return file


def test_it_is_found_from_folders_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHASTE_SANDBOX", raising=False)
    write(tmp_path)
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    found = sandbox.find()
    assert (found.api_url, found.key("editor")) == ("http://127.0.0.1:4000", "phk_test_2")


def test_the_variable_and_a_path_go_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "one")
    monkeypatch.setenv("POSTHASTE_SANDBOX", str(file))
    assert sandbox.find().keys == {"editor": "phk_test_2"}
    monkeypatch.setenv("POSTHASTE_SANDBOX", "/nowhere")
    assert sandbox.find(file).keys == {"editor": "phk_test_2"}
    with Posthaste.sandbox(file) as client:
        assert client.last_response is None


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHASTE_SANDBOX", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PosthasteError, match=r"in .posthaste, here or .* say in POSTHASTE_SANDBOX"):
        sandbox.find()
    with pytest.raises(PosthasteError, match=r"no sandbox.json at /nowhere"):
        sandbox.find("/nowhere")
    with pytest.raises(PosthasteError, match="no key for 'owner', only for editor"):
        Posthaste.sandbox(write(tmp_path), role="owner")
