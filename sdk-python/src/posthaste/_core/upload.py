"""Resumable uploads: the client's part of tus 1.0.0."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeAlias

import httpx

from ..errors import ApiError, InvalidState, PosthasteError, TransportError, api_error
from ..generated.enums import ErrorCode
from .answers import retry_after
from .exchange import Request, exchange, refusal, wait_before_repeat
from .settings import RequestOptions, Settings
from .steps import Call, Flow, Sleep

File: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO"
"""A path, the bytes themselves, or an open file that can be read from any place."""

Progress = Callable[[int, int], None]
"""Is told how many bytes have arrived, and how many there are."""

PART = 4 * 1024 * 1024
HEAD_CODES = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND", 410: "UPLOAD_EXPIRED"}
TUS = {"Tus-Resumable": "1.0.0"}


class Source:
    """A file to send, whatever it was given as."""

    def __init__(self, file: File, name: str | None) -> None:
        self._own = isinstance(file, (str, os.PathLike))
        if isinstance(file, (str, os.PathLike)):
            self._file: BinaryIO = Path(file).open("rb")  # noqa: SIM115
        else:
            self._file = io.BytesIO(file) if isinstance(file, bytes) else file
        known = getattr(self._file, "name", None)
        self.name = name or (Path(known).name if isinstance(known, str) else "upload")
        self.size = self._file.seek(0, os.SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        """Read a part."""
        self._file.seek(offset)
        return self._file.read(length)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._file.close()


def must_be_open(upload_id: str, state: str, upload_url: str | None) -> None:
    """Raise `InvalidState` for what has all its bytes, or gets none any more."""
    if upload_url is None:
        message = f"{upload_id} is {state}: nothing of it is to be uploaded."
        raise InvalidState(message, code=ErrorCode.INVALID_STATE)


def send(
    settings: Settings,
    path: str,
    source: Source,
    progress: Progress | None,
    *,
    resume: bool = False,
) -> Flow[None]:
    """Send what the server does not have yet. After a cut it is asked where to go on.

    `path` follows our way to the server, not the address by which it knows itself: it may be behind a proxy.
    """
    url = f"{settings.url}{path}"
    offset = (yield from _offset(settings, url)) if resume else 0
    failures = 0
    while True:
        if progress:
            progress(offset, source.size)
        if offset >= source.size:
            return
        try:
            offset = yield from _patch(settings, url, source, offset)
            failures = 0
        except PosthasteError as error:
            seconds = _wait(settings, error, failures)
            failures += 1
            if seconds is None or failures > settings.retries:
                raise
            yield Sleep(seconds)
            offset = yield from _offset(settings, url)


def _wait(settings: Settings, error: PosthasteError, failures: int) -> float | None:
    if isinstance(error, ApiError) and error.code == "UPLOAD_OFFSET_MISMATCH":
        return 0.0
    return wait_before_repeat(settings, error, failures)


def _patch(settings: Settings, url: str, source: Source, offset: int) -> Flow[int]:
    content = yield Call(lambda: source.read(offset, PART))
    if not content:
        raise PosthasteError(f"{source.name} became shorter while it was sent.")
    headers = {
        **TUS,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(offset),
    }
    # Not repeated as it is: how much of the part arrived is asked first.
    once = RequestOptions(retries=0)
    return (yield from exchange(settings, Request("upload", "PATCH", url, headers, content, once), _judge))


def _offset(settings: Settings, url: str) -> Flow[int]:
    request = Request("upload", "HEAD", url, TUS, b"", RequestOptions())
    return (yield from exchange(settings, request, _judge))


def _judge(response: httpx.Response, request_id: str) -> int:
    offset = response.headers.get("upload-offset", "")
    if response.is_success and offset.isdigit():
        return int(offset)
    if response.is_success or response.content:
        raise refusal(response, request_id)
    # An answer to HEAD has no body that says why.
    message = f"The upload cannot go on: the server answered {response.status_code}."
    if code := HEAD_CODES.get(response.status_code):
        told = {"code": code, "message": message}
        raise api_error(told, status=response.status_code, request_id=request_id)
    raise TransportError(
        message, request_id=request_id, status=response.status_code, retry_after=retry_after(response.headers)
    )
