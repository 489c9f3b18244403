"""What a developer does with Posthaste, blocking."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest

from posthaste import Hooks, Posthaste, RequestInfo, RequestOptions, errors
from posthaste._core import upload
from posthaste.sandbox import Sandbox
from posthaste.types import Connection, EventType, GrantStatus, Network, PostOrder, SandboxFaultKind

from .proxy import Proxy

PICTURE = Path(__file__).parents[3] / "sandbox/examples/harbor.jpg"


def unique(text: str) -> str:
    """X refuses what it has read before."""
    return f"{text} {uuid.uuid4()}"


def accounts(client: Posthaste) -> list[Connection]:
    """The account of the seed on each network."""
    every = client.connections.iter().to_list()
    return [next(one for one in every if one.network == each and one.username == "harborstreet") for each in Network]


def new_account(sandbox: Sandbox, network: str) -> str:
    """Make an account on a simulated network that nobody has connected yet."""
    control = f"{sandbox.networks_url}/control/accounts"
    httpx.post(control, json={"network": network, "count": 1}).raise_for_status()
    listed = httpx.get(control, params={"network": network}).json()
    every = listed if isinstance(listed, list) else listed["accounts"]
    return str(every[-1]["id"])


def test_connect_an_account(admin: Posthaste, sandbox: Sandbox) -> None:
    account = new_account(sandbox, "X")
    asked = admin.connections.authorize(network=Network.X)
    assert asked.grant.status is GrantStatus.PENDING
    # What a person does on the network's page.
    form = {"decision": "allow", "account": account}
    clicked = httpx.post(asked.authorize_url, data=form, follow_redirects=True)
    assert (clicked.status_code, str(clicked.url).startswith(sandbox.api_url)) == (200, True)
    ready = admin.connections.grant(asked.grant.id)
    assert (ready.status, [one.id for one in ready.accounts]) == (GrantStatus.READY, [account])
    (connection,) = admin.connections.create(grant_id=ready.id, account_ids=[account]).connections
    assert (connection.network, connection.remote_id, connection.status) == ("X", account, "ACTIVE")


def test_publish_on_four_networks(editor: Posthaste, sandbox: Sandbox) -> None:
    told: list[int] = []
    picture = editor.media.upload(PICTURE, alt_text="Sailing boats", on_progress=lambda sent, _: told.append(sent))
    assert (picture.status, picture.content_type, told) == ("READY", "image/jpeg", [0, PICTURE.stat().st_size])
    text = unique("Warm bread at the harbor from seven.")
    post = editor.posts.create(
        text=text,
        media=[{"id": picture.id}],
        targets=[{"connection_id": account.id} for account in accounts(editor)],
        schedule={"at": datetime.now(timezone.utc) + timedelta(seconds=2)},
    ).post
    assert post.status == "SCHEDULED"
    states = defaultdict(list)
    for progress in editor.targets.follow(post_id=post.id):
        states[progress.target.network].append(progress.target.state)
    assert {network: (seen[0], seen[-1]) for network, seen in states.items()} == dict.fromkeys(
        Network, ("SCHEDULED", "PUBLISHED")
    )
    published = editor.posts.get(post.id)
    assert published.status == "PUBLISHED"
    for target in published.targets:
        assert httpx.get(target.permalink or "").status_code == 200
    wall = httpx.get(f"{sandbox.networks_url}/log").text
    assert wall.count(text) == 4
    timeline = editor.targets.timeline(published.targets[0].id).timeline
    assert "PUBLISHED" in {step.kind for step in timeline}


def test_list_with_paging(editor: Posthaste) -> None:
    word = str(uuid.uuid4())
    made = [editor.posts.create(text=f"{word} {n}").post.id for n in range(5)]
    pager = editor.posts.iter(filter={"text": word}, order_by=PostOrder.CREATED_AT_ASC, page_size=2)
    assert [[post.id for post in page.nodes] for page in pager.pages()] == [made[:2], made[2:4], made[4:]]
    assert [post.id for post in pager] == made
    newest = editor.posts.iter(filter={"text": word}, limit=3)
    assert [post.id for post in newest] == made[:1:-1]
    assert editor.posts.list(filter={"text": word}, first=1, with_total=True).total_count == 5
    assert [editor.posts.delete(id=each).deleted_id for each in made] == made


def test_handle_a_typed_error(editor: Posthaste, sandbox: Sandbox) -> None:
    account = accounts(editor)[0]
    with pytest.raises(errors.UserErrors) as mistakes:
        editor.posts.create(text="a" * 70_000, targets=[{"connection_id": account.id}], schedule={"now": True})
    assert mistakes.value.has("TEXT_TOO_LONG")
    assert all(one.advice and one.docs_url.startswith("http") for one in mistakes.value.errors)
    with pytest.raises(errors.NotFound) as missing:
        editor.posts.get("post_01h455vb4pex5vsknk084sn02q")
    assert missing.value.request_id == editor.last_response.request_id  # type: ignore[union-attr]
    post = editor.posts.create(text="Rye").post
    editor.posts.update(id=post.id, version=post.version, text="Rye bread")
    with pytest.raises(errors.VersionConflict) as conflict:
        editor.posts.update(id=post.id, version=post.version, text="Wheat")
    assert isinstance(conflict.value, errors.UserErrors)
    with Posthaste.sandbox(role="viewer") as viewer, pytest.raises(errors.Forbidden):
        viewer.posts.delete(id=post.id)
    with Posthaste(sandbox.api_url, "phk_test_nobody") as nobody, pytest.raises(errors.Unauthenticated):
        nobody.viewer.get()
    editor.posts.delete(id=post.id)


def test_resume_after_a_dropped_connection(editor: Posthaste, sandbox: Sandbox) -> None:
    def write(count: int) -> list[str]:
        return [editor.posts.create(text=unique("Rye.")).post.id for _ in range(count)]

    last = editor.events.head()
    made = write(3)
    seen: list[str | None] = []
    with Proxy(sandbox.api_url) as proxy, Posthaste(proxy.url, sandbox.key("viewer")) as follower:
        for event in follower.events.follow(types=[EventType.POST_CREATED], after=last):
            seen.append(event.post_id)
            if len(seen) in {2, 5}:
                proxy.drop()
                made += write(2)
            if len(seen) == 7:
                break
        assert proxy.opened >= 3
    assert seen == made
    for each in made:
        editor.posts.delete(id=each)


def test_a_repeat_is_answered_with_the_first_answer(editor: Posthaste) -> None:
    once = RequestOptions(idempotency_key=str(uuid.uuid4()))
    post = editor.posts.create(text="Rye", options=once).post
    assert editor.last_response.replayed is False  # type: ignore[union-attr]
    assert editor.posts.create(text="Rye", options=once).post == post
    assert editor.last_response.replayed is True  # type: ignore[union-attr]
    with pytest.raises(errors.IdempotencyMismatch):
        editor.posts.create(text="Wheat", options=once)
    editor.posts.delete(id=post.id)


def test_a_lost_answer_makes_no_second_post(editor: Posthaste, sandbox: Sandbox) -> None:
    text = unique("Rye.")
    with Proxy(sandbox.api_url) as proxy:

        def lose(told: RequestInfo) -> None:
            if told.attempt == 0:
                proxy.lose_next_answer()

        with Posthaste(proxy.url, sandbox.key("editor"), hooks=Hooks(on_request=lose)) as client:
            post = client.posts.create(text=text).post
            assert client.last_response.attempt >= 1  # type: ignore[union-attr]
    assert [one.id for one in editor.posts.iter(filter={"text": text})] == [post.id]
    editor.posts.delete(id=post.id)


def test_a_cut_upload_goes_on(editor: Posthaste, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART", 20_000)
    told: list[int] = []
    with Proxy(sandbox.api_url) as proxy:

        def note(sent: int, _: int) -> None:
            told.append(sent)
            if sent == 20_000:
                proxy.lose_next_answer()

        with Posthaste(proxy.url, sandbox.key("editor")) as client:
            media = client.media.upload(PICTURE, on_progress=note)
    assert told == [0, 20_000, 40_000, 60_000, PICTURE.stat().st_size]
    assert media.status == "READY"
    editor.media.delete(id=media.id)


def test_give_orders_to_the_sandbox(editor: Posthaste) -> None:
    delay = {"network": Network.PINTEREST, "kind": SandboxFaultKind.DELAY, "delay_ms": 1}
    in_force = editor.sandbox.fault_script(faults=[delay]).faults
    assert [(one.network, one.kind) for one in in_force] == [("PINTEREST", "DELAY")]
    assert editor.sandbox.faults_clear().cleared == 1
    now = editor.sandbox.get()
    assert now is not None
    assert now.faults == []
