"""What a developer does with Posthaste, on an event loop."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from posthaste import AsyncPosthaste, errors
from posthaste.sandbox import Sandbox
from posthaste.types import EventType, GrantStatus, Network, PostOrder

from .loop import on_a_loop
from .proxy import Proxy
from .test_story import PICTURE, new_account, unique


@on_a_loop
async def test_connect_an_account(sandbox: Sandbox) -> None:
    account = new_account(sandbox, "PINTEREST")
    async with AsyncPosthaste.sandbox(role="admin") as admin, httpx.AsyncClient(follow_redirects=True) as browser:
        asked = await admin.connections.authorize(network=Network.PINTEREST)
        await browser.post(asked.authorize_url, data={"decision": "allow", "account": account})
        ready = await admin.connections.grant(asked.grant.id)
        assert ready.status is GrantStatus.READY
        made = await admin.connections.create(grant_id=ready.id, account_ids=[account])
        assert [(one.network, one.remote_id) for one in made.connections] == [("PINTEREST", account)]
        boards = await admin.connections.destinations(made.connections[0].id)
        assert boards.destinations


@on_a_loop
async def test_publish_on_four_networks() -> None:
    async with AsyncPosthaste.sandbox() as editor:
        picture, every = await asyncio.gather(
            editor.media.upload(PICTURE, alt_text="Sailing boats"), editor.connections.iter().to_list()
        )
        targets = [one for one in every if one.username == "northwind"] or every
        chosen = {one.network: one for one in reversed(every) if one.username == "harborstreet"} or targets
        assert set(chosen) == set(Network)
        created = await editor.posts.create(
            text=unique("Warm bread at the harbor from eight."),
            media=[{"id": picture.id}],
            targets=[{"connection_id": one.id} for one in chosen.values()],
            schedule={"at": datetime.now(timezone.utc) + timedelta(seconds=2)},
        )
        states = defaultdict(list)
        async for progress in editor.targets.follow(post_id=created.post.id):
            states[progress.target.network].append(progress.target.state)
        assert {network: seen[-1] for network, seen in states.items()} == dict.fromkeys(Network, "PUBLISHED")
        post = await editor.posts.get(created.post.id)
        assert post.status == "PUBLISHED"


@on_a_loop
async def test_list_with_paging_and_handle_typed_errors() -> None:
    word = str(uuid.uuid4())
    async with AsyncPosthaste.sandbox() as editor:
        made = [(await editor.posts.create(text=f"{word} {n}")).post.id for n in range(3)]
        pager = editor.posts.iter(filter={"text": word}, order_by=PostOrder.CREATED_AT_ASC, page_size=2)
        assert [post.id async for post in pager] == made
        assert [len(page.nodes) async for page in pager.pages()] == [2, 1]
        for each in made:
            await editor.posts.delete(id=each)
        with pytest.raises(errors.NotFound):
            await editor.posts.get(made[0])
        with pytest.raises(errors.NotFound) as gone:
            await editor.posts.cancel(id=made[0])
        assert isinstance(gone.value, errors.UserErrors)


@on_a_loop
async def test_resume_after_a_dropped_connection(sandbox: Sandbox) -> None:
    async with AsyncPosthaste.sandbox() as editor:

        async def write(count: int) -> list[str]:
            return [(await editor.posts.create(text=unique("Rye."))).post.id for _ in range(count)]

        last = await editor.events.head()
        made = await write(3)
        seen: list[str | None] = []
        with Proxy(sandbox.api_url) as proxy:
            async with AsyncPosthaste(proxy.url, sandbox.key("viewer")) as follower:
                async for event in follower.events.follow(types=[EventType.POST_CREATED], after=last):
                    seen.append(event.post_id)
                    if len(seen) in {2, 5}:
                        proxy.drop()
                        made += await write(2)
                    if len(seen) == 7:
                        break
            assert proxy.opened >= 3
        assert seen == made
        for each in made:
            await editor.posts.delete(id=each)
