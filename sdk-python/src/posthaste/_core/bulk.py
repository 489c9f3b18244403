"""Uploads of files of posts, beside the generated methods of `client.bulk_jobs`."""

from __future__ import annotations

from pathlib import PurePath

from ..generated import operations as ops
from ..generated.async_api import BulkJobs as AsyncMethods
from ..generated.enums import BulkFormat, BulkJobKind
from ..generated.models import BulkJob
from ..generated.sync_api import BulkJobs as SyncMethods
from .exchange import execute
from .settings import RequestOptions, Settings
from .steps import Flow
from .upload import File, Progress, Source, must_be_open, send

FORMATS = {".csv": BulkFormat.CSV, ".jsonl": BulkFormat.JSONL}


class SyncBulkJobs(SyncMethods):
    """Many posts in one file."""

    def upload(
        self,
        file: File,
        *,
        format: BulkFormat | None = None,  # noqa: A002 - the API's word
        dry_run: bool = False,
        time_zone: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
        options: RequestOptions | None = None,
    ) -> BulkJob:
        """Send a file of posts, one in each line, and give the job, which runs by itself: `follow` it.

        Without `format` the end of the file's name says how it is written: `.csv` or `.jsonl`. With `dry_run` every
        line is judged and nothing is written. Local times without a zone are those of `time_zone`, otherwise the
        workspace's. A cut connection is taken up where it ended. `options` are those of the mutation that begins.
        """
        with Source(file, file_name) as source:
            about = _about(source, format, dry_run=dry_run, time_zone=time_zone)
            return self._runner.run(_upload(self._runner.settings, source, about, on_progress, options))

    def resume_upload(self, job_id: str, file: File, *, on_progress: Progress | None = None) -> BulkJob:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            return self._runner.run(_resume(self._runner.settings, job_id, source, on_progress))


class AsyncBulkJobs(AsyncMethods):
    """Many posts in one file."""

    async def upload(
        self,
        file: File,
        *,
        format: BulkFormat | None = None,  # noqa: A002 - the API's word
        dry_run: bool = False,
        time_zone: str | None = None,
        file_name: str | None = None,
        on_progress: Progress | None = None,
        options: RequestOptions | None = None,
    ) -> BulkJob:
        """Send a file of posts, one in each line, and give the job, which runs by itself: `follow` it.

        Without `format` the end of the file's name says how it is written: `.csv` or `.jsonl`. With `dry_run` every
        line is judged and nothing is written. Local times without a zone are those of `time_zone`, otherwise the
        workspace's. A cut connection is taken up where it ended. `options` are those of the mutation that begins.
        """
        with Source(file, file_name) as source:
            about = _about(source, format, dry_run=dry_run, time_zone=time_zone)
            return await self._runner.run(_upload(self._runner.settings, source, about, on_progress, options))

    async def resume_upload(self, job_id: str, file: File, *, on_progress: Progress | None = None) -> BulkJob:
        """Go on with an upload that another process began, with the same file."""
        with Source(file, None) as source:
            return await self._runner.run(_resume(self._runner.settings, job_id, source, on_progress))


def _about(
    source: Source, written: BulkFormat | None, *, dry_run: bool, time_zone: str | None
) -> dict[str, str | int | None]:
    written = written or FORMATS.get(PurePath(source.name).suffix.lower())
    if written is None:
        raise ValueError(f"The name {source.name!r} does not say whether it is CSV or JSONL: give the format.")
    return {
        "kind": BulkJobKind.POSTS_IMPORT,
        "format": written,
        "file_name": source.name,
        "bytes": source.size,
        "dry_run": dry_run,
        "time_zone": time_zone,
    }


def _upload(
    settings: Settings,
    source: Source,
    about: dict[str, str | int | None],
    progress: Progress | None,
    options: RequestOptions | None,
) -> Flow[BulkJob]:
    begun = yield from execute(settings, ops.BULK_JOB_CREATE, {"input": about}, options)
    yield from send(settings, f"/bulk/{begun.bulk_job.id}", source, progress)
    return (yield from execute(settings, ops.BULK_JOB_GET, {"id": begun.bulk_job.id}, None))


def _resume(settings: Settings, job_id: str, source: Source, progress: Progress | None) -> Flow[BulkJob]:
    job = yield from execute(settings, ops.BULK_JOB_GET, {"id": job_id}, None)
    must_be_open(job.id, job.state, job.upload_url)
    yield from send(settings, f"/bulk/{job.id}", source, progress, resume=True)
    return (yield from execute(settings, ops.BULK_JOB_GET, {"id": job.id}, None))
