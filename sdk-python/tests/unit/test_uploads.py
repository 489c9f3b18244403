"""Uploads in parts, of media and of files of posts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from posthaste import RequestOptions, TransportError, errors
from posthaste._core import upload
from posthaste.types import BulkFormat

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


JOB: dict[str, Any] = {
    "id": "job_1",
    "kind": "POSTS_IMPORT",
    "format": "CSV",
    "state": "QUEUED",
    "fileName": "spring.csv",
    "bytes": len(FILE),
    "dryRun": True,
    "timeZone": "Europe/Paris",
    "uploadUrl": None,
    "resultsUrl": "http://posthaste.invalid/bulk/job_1/results",
    "lines": None,
    "done": 0,
    "created": 0,
    "skipped": 0,
    "invalid": 0,
    "createdAt": "2026-11-22T09:00:00Z",
    "startedAt": None,
    "finishedAt": None,
    "expiresAt": None,
    "allowedActions": ["CANCEL"],
    "provenance": {"kind": "KEY", "personId": None, "keyId": "key_1"},
    "error": None,
}
# The address by which the server knows itself leads nowhere here.
AWAY = "http://posthaste.invalid/"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART", 400)


class Disk:
    """What the server does with uploads; `cuts` are calls of PATCH after which nothing is answered."""

    def __init__(self, stub: Stub, *, arrived: bytes = b"", cuts: tuple[int, ...] = (), error: Any = None) -> None:
        self.arrived = arrived
        self._cuts = cuts
        self._error = error
        self._parts = 0
        self.processing = 0
        """How often a media is not ready."""
        self.offsets: list[int] = []
        stub.says(self.answer)

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return self.graphql(asked.json)
        assert (asked.path in {"/media/media_1", "/bulk/job_1"}, asked.headers["tus-resumable"]) == (True, "1.0.0")
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
        complete = len(self.arrived) == len(FILE)
        match body["operationName"]:
            case "MediaUploadCreate":
                assert body["variables"]["input"]["bytes"] == len(FILE)
                begun = {"uploadUrl": AWAY, "media": {**MEDIA, "uploadUrl": AWAY}, "errors": [], "warnings": []}
                return data(mediaUploadCreate=begun)
            case "BulkJobCreate":
                return data(bulkJobCreate={"bulkJob": {**JOB, "uploadUrl": AWAY}, "errors": [], "warnings": []})
            case "BulkJobGet":
                return data(bulkJob=JOB if complete else {**JOB, "state": "UPLOADING", "uploadUrl": AWAY})
        if not complete:
            return data(media={**MEDIA, "uploadUrl": AWAY})
        if self.processing:
            self.processing -= 1
            return data(media={**MEDIA, "status": "PROCESSING"})
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


def test_a_file_that_is_looked_at_is_waited_for(stub: Stub, ask: Ask, naps: list[float]) -> None:
    Disk(stub).processing = 3
    assert ask(lambda client: client.media.upload(FILE)).status == "READY"
    assert naps == [0.05, 0.1, 0.2]


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
    stub.says(data(media={**MEDIA, "uploadUrl": AWAY}), Answer(410, ""))
    with pytest.raises(errors.ApiError, match="UPLOAD_EXPIRED"):
        ask(lambda client: client.media.resume_upload("media_1", FILE))


def test_a_file_of_posts_becomes_a_job(stub: Stub, ask: Ask, tmp_path: Path) -> None:
    disk = Disk(stub, cuts=(2,))
    file = tmp_path / "spring.CSV"
    file.write_bytes(FILE)
    told: list[tuple[int, int]] = []
    mine = RequestOptions(idempotency_key="mine")

    def upload(client: Any) -> Any:
        return client.bulk_jobs.upload(file, dry_run=True, on_progress=lambda *now: told.append(now), options=mine)

    job = ask(upload)
    assert (job.id, job.state, disk.arrived) == ("job_1", "QUEUED", FILE)
    assert told == [(0, 1024), (400, 1024), (600, 1024), (1000, 1024), (1024, 1024)]
    assert stub.asked[0].headers["idempotency-key"] == "mine"
    about = {"kind": "POSTS_IMPORT", "format": "CSV", "fileName": "spring.CSV", "bytes": 1024}
    assert stub.asked[0].json["variables"]["input"] == {**about, "dryRun": True, "timeZone": None}
    # The key is that of the beginning.
    assert {asked.headers.get("idempotency-key") for asked in stub.asked[1:]} == {None}


def test_a_file_of_posts_says_how_it_is_written(stub: Stub, ask: Ask) -> None:
    Disk(stub)
    with pytest.raises(ValueError, match="'upload' does not say whether it is CSV or JSONL"):
        ask(lambda client: client.bulk_jobs.upload(FILE))
    assert stub.asked == []
    ask(lambda client: client.bulk_jobs.upload(FILE, format=BulkFormat.JSONL, time_zone="Europe/Paris"))
    sent = stub.asked[0].json["variables"]["input"]
    assert (sent["format"], sent["timeZone"]) == ("JSONL", "Europe/Paris")


def test_another_process_can_finish_a_file_of_posts(stub: Stub, ask: Ask) -> None:
    disk = Disk(stub, arrived=FILE[:500])
    job = ask(lambda client: client.bulk_jobs.resume_upload("job_1", FILE))
    assert (job.state, disk.arrived, disk.offsets) == ("QUEUED", FILE, [500, 900])
    with pytest.raises(errors.InvalidState, match="job_1 is QUEUED"):
        ask(lambda client: client.bulk_jobs.resume_upload("job_1", FILE))
