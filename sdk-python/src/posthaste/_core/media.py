"""Uploads, beside the generated methods of `client.media`."""

from __future__ import annotations

from ..errors import InvalidState, api_error
from ..generated.async_api import Media as AsyncMethods
from ..generated.enums import ErrorCode
from ..generated.models import Media
from ..generated.sync_api import Media as SyncMethods
from .upload import File, Progress, Source, send


class SyncMedia(SyncMethods):
    """Pictures and videos."""

    def upload(
        self,
        file: File,
        *,
        alt_text: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
    ) -> Media:
        """Upload a picture or video in parts and give the media, READY to be posted.

        `on_progress` is told how many bytes have arrived and how many there are. A cut connection is taken up
        where it ended. Raises `ApiError` when the file cannot be used; its code says why (`MEDIA_UNREADABLE`,
        `MEDIA_TYPE_UNSUPPORTED`, …).
        """
        with Source(file, file_name) as source:
            begun = self.create_upload(file_name=source.name, bytes=source.size, alt_text=alt_text)
            self._runner.run(send(self._runner.settings, begun.upload_url, source, on_progress))
        return _ready(self.get(begun.media.id))

    def resume_upload(self, media_id: str, file: File, *, on_progress: Progress | None = None) -> Media:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            url = _upload_url(self.get(media_id))
            self._runner.run(send(self._runner.settings, url, source, on_progress, resume=True))
        return _ready(self.get(media_id))


class AsyncMedia(AsyncMethods):
    """Pictures and videos."""

    async def upload(
        self,
        file: File,
        *,
        alt_text: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
    ) -> Media:
        """Upload a picture or video in parts and give the media, READY to be posted.

        `on_progress` is told how many bytes have arrived and how many there are. A cut connection is taken up
        where it ended. Raises `ApiError` when the file cannot be used; its code says why (`MEDIA_UNREADABLE`,
        `MEDIA_TYPE_UNSUPPORTED`, …).
        """
        with Source(file, file_name) as source:
            begun = await self.create_upload(file_name=source.name, bytes=source.size, alt_text=alt_text)
            await self._runner.run(send(self._runner.settings, begun.upload_url, source, on_progress))
        return _ready(await self.get(begun.media.id))

    async def resume_upload(self, media_id: str, file: File, *, on_progress: Progress | None = None) -> Media:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            url = _upload_url(await self.get(media_id))
            await self._runner.run(send(self._runner.settings, url, source, on_progress, resume=True))
        return _ready(await self.get(media_id))


def _upload_url(media: Media) -> str:
    if media.upload_url is None:
        message = f"{media.id} is {media.status}: nothing of it is to be uploaded."
        raise InvalidState(message, code=ErrorCode.INVALID_STATE)
    return media.upload_url


def _ready(media: Media) -> Media:
    if media.error is None:
        return media
    told = {"code": media.error.code, "message": media.error.message, "advice": media.error.advice}
    raise api_error(told, status=None, request_id=None)
