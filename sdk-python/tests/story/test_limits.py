"""What a careful client does: try first, and wait when it asks too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from posthaste import AsyncPosthaste, Hooks, Posthaste, RetryInfo, errors
from posthaste.generated.operations import NETWORK_LIST
from posthaste.sandbox import Sandbox
from posthaste.types import Network, Role

from .loop import on_a_loop
from .test_story import accounts, unique


@pytest.fixture
def key(admin: Posthaste) -> Iterator[str]:
    """Make a key with a bucket of its own."""
    made = admin.api_keys.create(name="Story", role=Role.VIEWER)
    yield made.secret
    admin.api_keys.revoke(id=made.api_key.id)


def heavy() -> str:
    """Write a document of which a full bucket of points holds one."""
    found = re.search(r"networks (\{.*?\n  \})\n\}(.*)$", NETWORK_LIST.document, re.DOTALL)
    assert found
    fields = " ".join(f"a{n}: networks {{ ...Whole }}" for n in range(50))
    return f"query {{ {fields} }} fragment Whole on NetworkInfo {found[1]} {found[2]}"


def check(waits: list[RetryInfo]) -> None:
    """The server was asked too much, and waited for as long as it said."""
    first = waits[0]
    assert isinstance(first.error, errors.RateLimited)
    assert (first.error.status, first.error.retryable) == (429, True)
    assert first.error.retry_after
    assert first.seconds >= first.error.retry_after


def test_a_dry_run_tells_what_each_network_would_get(editor: Posthaste) -> None:
    text = unique("Rye.")
    targets = [{"connection_id": account.id} for account in accounts(editor)]
    tried = editor.posts.create(text=text, targets=targets, dry_run=True)
    assert {target.network for target in tried.post.targets} == set(Network)
    assert tried.dry_run is not None
    told = {one.connection.network: [each.code for each in one.problems] for one in tried.dry_run.renditions}
    assert told == {"FACEBOOK": [], "INSTAGRAM": ["MEDIA_REQUIRED"], "PINTEREST": ["MEDIA_REQUIRED"], "X": []}
    assert editor.posts.list(filter={"text": text}).nodes == []
    post = editor.posts.create(text=text)
    assert post.dry_run is None
    editor.posts.delete(id=post.post.id)


def test_whoever_asks_too_much_waits(sandbox: Sandbox, key: str) -> None:
    waits: list[RetryInfo] = []
    with Posthaste(sandbox.api_url, key, hooks=Hooks(on_retry=waits.append)) as viewer:
        while not waits:
            viewer.request(heavy())
        answer = viewer.last_response
    check(waits)
    assert answer is not None
    assert answer.cost is not None
    assert (answer.cost.actual or 0) > 10_000
    assert (answer.cost.available or 0) < (answer.cost.maximum or 0) / 2


@on_a_loop
async def test_whoever_asks_too_much_waits_on_a_loop(sandbox: Sandbox, key: str) -> None:
    waits: list[RetryInfo] = []
    async with AsyncPosthaste(sandbox.api_url, key, hooks=Hooks(on_retry=waits.append)) as viewer:
        while not waits:
            await viewer.request(heavy())
    check(waits)
