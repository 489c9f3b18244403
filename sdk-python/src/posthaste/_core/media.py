"""Uploads of pictures and videos, beside the generated methods of `client.media`."""

from __future__ import annotations

from ..errors import api_error
from ..generated import operations as ops
from ..generated.async_api import Media as AsyncMethods
from ..generated.enums import MediaStatus
from ..generated.models import Media
from ..generated.sync_api import Media as SyncMethods
from .exchange import execute
from .settings import RequestOptions, Settings
from .steps import Flow, Sleep
from .upload import File, Progress, Source, must_be_open, send

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
"""Seconds between two looks at a file that the server still works on."""


class SyncMedia(SyncMethods):
    """Pictures and videos."""

    def upload(
        self,
        file: File,
        *,
        alt_text: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
        options: RequestOptions | None = None,
    ) -> Media:
        """Upload a picture or video in parts and give the media, READY to be posted.

        `on_progress` is told how many bytes have arrived and how many there are. A cut connection is taken up
        where it ended. `options` are those of the mutation that begins. Raises `ApiError` when the file cannot be
        used; its code says why (`MEDIA_UNREADABLE`, `MEDIA_TYPE_UNSUPPORTED`, …).
        """
        with Source(file, file_name) as source:
            return self._runner.run(_upload(self._runner.settings, source, alt_text, on_progress, options))

    def resume_upload(self, media_id: str, file: File, *, on_progress: Progress | None = None) -> Media:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            return self._runner.run(_resume(self._runner.settings, media_id, source, on_progress))


class AsyncMedia(AsyncMethods):
    """Pictures and videos."""

    async def upload(
        self,
        file: File,
        *,
        alt_text: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
        options: RequestOptions | None = None,
    ) -> Media:
        """Upload a picture or video in parts and give the media, READY to be posted.

        `on_progress` is told how many bytes have arrived and how many there are. A cut connection is taken up
        where it ended. `options` are those of the mutation that begins. Raises `ApiError` when the file cannot be
        used; its code says why (`MEDIA_UNREADABLE`, `MEDIA_TYPE_UNSUPPORTED`, …).
        """
        with Source(file, file_name) as source:
            return await self._runner.run(_upload(self._runner.settings, source, alt_text, on_progress, options))

    async def resume_upload(self, media_id: str, file: File, *, on_progress: Progress | None = None) -> Media:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            return await self._runner.run(_resume(self._runner.settings, media_id, source, on_progress))


def _upload(
    settings: Settings,
    source: Source,
    alt_text: str | None,
    progress: Progress | None,
    options: RequestOptions | None,
) -> Flow[Media]:
    about = {"file_name": source.name, "bytes": source.size, "alt_text": alt_text}
    begun = yield from execute(settings, ops.MEDIA_UPLOAD_CREATE, {"input": about}, options)
    yield from send(settings, f"/media/{begun.media.id}", source, progress)
    return (yield from _ready(settings, begun.media.id))


def _resume(settings: Settings, media_id: str, source: Source, progress: Progress | None) -> Flow[Media]:
    media = yield from execute(settings, ops.MEDIA_GET, {"id": media_id}, None)
    must_be_open(media.id, media.status, media.upload_url)
    yield from send(settings, f"/media/{media.id}", source, progress, resume=True)
    return (yield from _ready(settings, media.id))


def _ready(settings: Settings, media_id: str) -> Flow[Media]:
    """Wait until the server has looked at the file: usually it has when the last part is answered."""
    pause = FIRST_PAUSE
    while True:
        media = yield from execute(settings, ops.MEDIA_GET, {"id": media_id}, None)
        if media.error is not None:
            told = {"code": media.error.code, "message": media.error.message, "advice": media.error.advice}
            raise api_error(told, status=None, request_id=None)
        if media.status != MediaStatus.PROCESSING:
            return media
        yield Sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
