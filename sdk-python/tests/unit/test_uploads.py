"""Uploads in parts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from posthaste import TransportError, errors
from posthaste._core import upload

from .conftest import Ask
from .stub import Answer, Asked, Stub, data

FILE = bytes(range(256)) * 4
MEDIA: dict[str, Any] = {
    "id": "media_1",
    "status": "UPLOADING",
    "fileName": "harbor.jpg",
    "altText": "Boats",
    "contentType": None,
    "bytes": len(FILE),
    "width": None,
    "height": None,
    "durationMs": None,
    "animated": False,
    "url": None,
    "uploadUrl": None,
    "uses": 0,
    "expiresAt": None,
    "createdAt": "2026-11-22T09:00:00Z",
    "allowedActions": ["UPLOAD"],
    "provenance": {"kind": "KEY", "personId": None, "keyId": "key_1"},
    "error": None,
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART", 400)


class Disk:
    """What the server does with uploads; `cuts` are calls of PATCH after which nothing is answered."""

    def __init__(self, stub: Stub, *, arrived: bytes = b"", cuts: tuple[int, ...] = (), error: Any = None) -> None:
        self.arrived = arrived
        self._stub = stub
        self._cuts = cuts
        self._error = error
        self._parts = 0
        self.offsets: list[int] = []
        stub.says(self.answer)

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return self.graphql(asked.json)
        assert (asked.path, asked.headers["tus-resumable"]) == ("/media/media_1", "1.0.0")
        assert asked.headers["authorization"] == "Bearer phk_test_1"
        if asked.method == "PATCH":
            self._parts += 1
            offset = int(asked.headers["upload-offset"])
            self.offsets.append(offset)
            assert asked.headers["content-type"] == "application/offset+octet-stream"
            if offset != len(self.arrived):
                body = {"code": "UPLOAD_OFFSET_MISMATCH", "detail": "No.", "status": 409}
                return Answer(409, body, {"Content-Type": "application/problem+json"})
            # Of a part that is cut only a half arrives.
            half = len(asked.body) // 2 if self._parts in self._cuts else None
            self.arrived += asked.body[:half]
            if half is not None:
                return Answer(cut=True)
        return Answer(204 if asked.method == "PATCH" else 200, "", {"Upload-Offset": str(len(self.arrived))})

    def graphql(self, body: Any) -> Answer:
        url = f"{self._stub.url}/media/media_1"
        if body["operationName"] == "MediaUploadCreate":
            assert body["variables"]["input"]["bytes"] == len(FILE)
            begun = {"uploadUrl": url, "media": {**MEDIA, "uploadUrl": url}, "errors": [], "warnings": []}
            return data(mediaUploadCreate=begun)
        if len(self.arrived) < len(FILE):
            return data(media={**MEDIA, "uploadUrl": url})
        return data(media={**MEDIA, "status": "FAILED" if self._error else "READY", "error": self._error})


def test_a_file_arrives_in_parts(stub: Stub, ask: Ask, tmp_path: Path) -> None:
    disk = Disk(stub)
    file = tmp_path / "harbor.jpg"
    file.write_bytes(FILE)
    told: list[tuple[int, int]] = []
    media = ask(lambda client: client.media.upload(file, alt_text="Boats", on_progress=lambda *now: told.append(now)))
    assert (media.id, media.status, disk.arrived) == ("media_1", "READY", FILE)
    assert told == [(0, 1024), (400, 1024), (800, 1024), (1024, 1024)]
    assert disk.offsets == [0, 400, 800]
    sent = stub.asked[0].json["variables"]["input"]
    assert sent == {"fileName": "harbor.jpg", "bytes": 1024, "altText": "Boats"}


@pytest.mark.parametrize("given", [FILE, io.BytesIO(FILE)])
def test_bytes_and_open_files_are_taken_too(stub: Stub, ask: Ask, given: Any) -> None:
    disk = Disk(stub)
    ask(lambda client: client.media.upload(given, file_name="a.png"))
    assert disk.arrived == FILE
    assert stub.asked[0].json["variables"]["input"]["fileName"] == "a.png"


def test_a_cut_upload_goes_on_where_it_ended(stub: Stub, ask: Ask, naps: list[float]) -> None:
    disk = Disk(stub, cuts=(2,))
    ask(lambda client: client.media.upload(FILE))
    assert disk.arrived == FILE
    assert disk.offsets == [0, 400, 600, 1000]
    assert naps == [0.25]


def test_an_upload_that_never_goes_on_ends(stub: Stub, ask: Ask) -> None:
    Disk(stub, cuts=tuple(range(99)))
    with pytest.raises(TransportError):
        ask(lambda client: client.media.upload(FILE, file_name="a"), retries=2)


def test_another_process_can_finish(stub: Stub, ask: Ask) -> None:
    disk = Disk(stub, arrived=FILE[:500])
    told: list[tuple[int, int]] = []
    media = ask(lambda client: client.media.resume_upload("media_1", FILE, on_progress=lambda *now: told.append(now)))
    assert (media.status, disk.arrived, told[0]) == ("READY", FILE, (500, 1024))
    with pytest.raises(errors.InvalidState, match="media_1 is READY"):
        ask(lambda client: client.media.resume_upload("media_1", FILE))


def test_an_unusable_file_is_an_error(stub: Stub, ask: Ask) -> None:
    Disk(stub, error={"code": "MEDIA_UNREADABLE", "message": "It is damaged.", "advice": "Export it again."})
    with pytest.raises(errors.ApiError, match="MEDIA_UNREADABLE: It is damaged"):
        ask(lambda client: client.media.upload(FILE))


def test_an_upload_that_is_too_old_is_told(stub: Stub, ask: Ask) -> None:
    url = f"{stub.url}/media/media_1"
    stub.says(data(media={**MEDIA, "uploadUrl": url}), Answer(410, ""))
    with pytest.raises(errors.ApiError, match="UPLOAD_EXPIRED"):
        ask(lambda client: client.media.resume_upload("media_1", FILE))
