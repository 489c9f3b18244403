"""Many posts in one file."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from posthaste import AsyncPosthaste, Posthaste
from posthaste._core import upload
from posthaste.sandbox import Sandbox
from posthaste.types import BulkFormat, BulkJobState, BulkOutcome

from .loop import on_a_loop
from .proxy import Proxy


def outcomes(client: Posthaste, job_id: str) -> list[tuple[int, str]]:
    """Give the outcome of each line once the job is over."""
    *_, last = client.bulk_jobs.follow(job_id)
    assert last.state is BulkJobState.FINISHED
    return [(one.line, one.outcome.value) for one in client.bulk_jobs.iter_results(job_id, page_size=2)]


def test_judge_a_file_then_write_its_posts(editor: Posthaste, tmp_path: Path) -> None:
    word = str(uuid.uuid4())
    lines = [{"key": f"{word}-1", "text": f"{word} 1"}, {"text": "", "nonsense": 1}, {"text": f"{word} 2"}]
    file = tmp_path / "spring.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    expected = [(1, "CREATED"), (2, "INVALID"), (3, "CREATED")]

    judged = editor.bulk_jobs.upload(file, dry_run=True)
    assert (judged.format, judged.dry_run, judged.file_name) == (BulkFormat.JSONL, True, "spring.jsonl")
    assert outcomes(editor, judged.id) == expected
    assert editor.posts.list(filter={"text": word}).nodes == []

    job = editor.bulk_jobs.upload(file)
    assert outcomes(editor, job.id) == expected
    (wrong,) = editor.bulk_jobs.iter_results(job.id, filter={"outcome": BulkOutcome.INVALID})
    assert wrong.errors[0].advice
    again = editor.bulk_jobs.upload(file)
    assert outcomes(editor, again.id)[0] == (1, "SKIPPED")
    for post in editor.posts.iter(filter={"text": word}).to_list():
        editor.posts.delete(id=post.id)


@on_a_loop
async def test_a_file_whose_upload_is_cut_arrives_whole(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART", 1000)
    rows = [f"Row {n} {uuid.uuid4()}" for n in range(50)]
    cuts: list[int] = []
    with Proxy(sandbox.api_url) as proxy:

        def cut(sent: int, _: int) -> None:
            if sent and not cuts:
                cuts.append(sent)
                proxy.lose_next_answer()

        async with AsyncPosthaste(proxy.url, sandbox.key("editor")) as client:
            file = "\n".join(["text", *rows]).encode()
            job = await client.bulk_jobs.upload(file, format=BulkFormat.CSV, dry_run=True, on_progress=cut)
            states = [now.state async for now in client.bulk_jobs.follow(job.id)]
            assert (states[-1], cuts) == ("FINISHED", [1000])
            assert len(await client.bulk_jobs.iter_results(job.id).to_list()) == 50
