"""Webhooks as Posthaste sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from posthaste import AsyncPosthaste, Posthaste, webhooks
from posthaste.types import EventType

from .loop import on_a_loop
from .receiver import Receiver
from .test_story import unique


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def test_an_event_arrives_signed(admin: Posthaste, editor: Posthaste, receiver: Receiver) -> None:
    document = "subscription { events { type post { id } } }"
    made = admin.webhooks.create(url=receiver.url, event_types=[EventType.POST_CREATED], document=document)
    endpoint = made.webhook_endpoint.id
    post = editor.posts.create(text=unique("Rye.")).post
    headers, body = receiver.next()
    event = webhooks.verify(body, headers, made.secret)
    assert (event["type"], event["sequence"]) == ("post.created", 1)
    assert event["data"] == {"type": "POST_CREATED", "post": {"id": post.id}}
    with pytest.raises(webhooks.WebhookVerificationError):
        webhooks.verify(body.replace(b"post.created", b"post.deleted"), headers, made.secret)

    rotated = admin.webhooks.rotate_secret(id=endpoint)
    editor.posts.create(text=unique("Rye."))
    headers, body = receiver.next()
    for secret in (made.secret, rotated.secret, [rotated.secret, made.secret]):
        assert webhooks.verify(body, headers, secret)["sequence"] == 2

    tried = admin.webhooks.test(id=endpoint)
    assert tried.webhook_delivery is not None
    assert [attempt.http_status for attempt in tried.webhook_delivery.attempts] == [204]
    headers, body = receiver.next()
    assert webhooks.verify(body, headers, rotated.secret)["type"] == "test"
    assert headers["webhook-id"] == tried.webhook_delivery.id
    admin.webhooks.delete(id=endpoint)


@on_a_loop
async def test_an_event_arrives_signed_while_a_loop_runs(receiver: Receiver) -> None:
    async with AsyncPosthaste.sandbox(role="admin") as admin:
        made = await admin.webhooks.create(url=receiver.url, event_types=[EventType.POST_CREATED])
        post = (await admin.posts.create(text=unique("Rye."))).post
        headers, body = await asyncio.to_thread(receiver.next)
        event = webhooks.verify(body, headers, made.secret)
        assert (event["type"], event["data"]["postId"]) == ("post.created", post.id)
        tried = await admin.webhooks.test(id=made.webhook_endpoint.id, dry_run=True)
        assert (tried.webhook_delivery, '"sequence"' in tried.payload) == (None, True)
        deliveries = admin.webhook_deliveries.iter(filter={"endpoint_ids": [made.webhook_endpoint.id]})
        assert [one.state async for one in deliveries] == ["SUCCEEDED"]
        await admin.webhooks.delete(id=made.webhook_endpoint.id)
