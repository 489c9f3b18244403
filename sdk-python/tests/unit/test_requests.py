"""One request: what is sent, when it is repeated, what is raised."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from posthaste import Hooks, PosthasteError, RequestOptions, TransportError, errors
from posthaste.types import ErrorCode, Network, PostStatus

from .conftest import Ask
from .stub import Answer, Stub, data, refused

WORKSPACE = {"id": "ws_1", "name": "Bakery", "timeZone": "Europe/Paris", "createdAt": "2026-01-01T00:00:00Z"}
POST: dict[str, Any] = {
    "id": "post_1",
    "status": "SCHEDULED",
    "content": {"kind": "FEED", "text": "Rye", "title": None, "link": None, "media": []},
    "variants": [],
    "linkTracking": None,
    "targets": [],
    "dueAt": "2026-11-23T09:00:00Z",
    "allowedActions": ["UPDATE"],
    "provenance": {"kind": "KEY", "personId": None, "keyId": "key_1"},
    "createdAt": "2026-11-22T09:00:00Z",
    "updatedAt": "2026-11-22T09:00:00Z",
    "version": 1,
}
CREATED = {"post": POST, "errors": [], "warnings": []}
BUSY = refused("UNAVAILABLE", 503, retryable=True)


def problem(code: str, **more: Any) -> dict[str, Any]:
    told = {"__typename": "UserError", "code": code, "message": "No.", "path": ["text"], "advice": "Do it."}
    return {**told, "retryable": False, "docsUrl": "https://docs/x", **more}


def test_a_query_is_sent_and_read(stub: Stub, ask: Ask) -> None:
    stub.says(data(workspace=WORKSPACE))
    workspace = ask(lambda client: client.workspace.get())
    assert (workspace.name, workspace.time_zone) == ("Bakery", "Europe/Paris")
    assert workspace.created_at == datetime(2026, 1, 1, tzinfo=timezone.utc)
    (asked,) = stub.asked
    assert (asked.method, asked.path) == ("POST", "/graphql")
    assert asked.headers["authorization"] == "Bearer phk_test_1"
    assert asked.headers["user-agent"].startswith("posthaste-python/0.1.0 (Python 3.")
    assert "idempotency-key" not in asked.headers
    assert "x-retry-count" not in asked.headers
    assert asked.json["operationName"] == "WorkspaceGet"
    assert asked.json["variables"] == {}


def test_arguments_are_spelled_as_the_api_does(stub: Stub, ask: Ask) -> None:
    stub.says(data(postCreate=CREATED))
    at = datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=1)))
    created = ask(
        lambda client: client.posts.create(
            text="Rye",
            title=None,
            targets=[{"connection_id": "conn_1"}],
            variants=[{"network": Network.X, "text": "R"}],
            schedule={"at": at},
        )
    )
    assert created.post.id == "post_1"
    assert stub.asked[0].json["variables"]["input"] == {
        "text": "Rye",
        "title": None,
        "targets": [{"connectionId": "conn_1"}],
        "variants": [{"network": "X", "text": "R"}],
        "schedule": {"at": "2026-11-23T10:00:00+01:00"},
    }


def test_a_mutation_keeps_its_key_across_repeats(stub: Stub, ask: Ask, naps: list[float]) -> None:
    stub.says(BUSY, Answer(cut=True), data(postCreate=CREATED))
    ask(lambda client: client.posts.create(text="Rye"))
    keys = [asked.headers["idempotency-key"] for asked in stub.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len({asked.headers["x-request-id"] for asked in stub.asked}) == 3
    assert [asked.headers.get("x-retry-count") for asked in stub.asked] == [None, "1", "2"]
    assert naps == [0.25, 0.5]


def test_each_call_has_its_own_key_unless_one_is_given(stub: Stub, ask: Ask) -> None:
    stub.says(data(postCreate=CREATED))
    ask(lambda client: client.posts.create(text="Rye"))
    ask(lambda client: client.posts.create(text="Rye"))
    options = RequestOptions(idempotency_key="mine")
    ask(lambda client: client.posts.create(text="Rye", options=options))
    one, other, own = (asked.headers["idempotency-key"] for asked in stub.asked)
    assert one != other
    assert own == "mine"


def test_the_server_says_how_long_to_wait(stub: Stub, ask: Ask, naps: list[float]) -> None:
    stub.says(refused("RATE_LIMITED", 429, retryable=True, retryAfter=7), data(workspace=WORKSPACE))
    ask(lambda client: client.workspace.get())
    assert naps == [7.0625]


def test_a_proxy_says_how_long_to_wait(
    stub: Stub, ask: Ask, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_795_417_200.0)
    later = {"Retry-After": "Mon, 23 Nov 2026 07:00:09 GMT"}
    ok = data(workspace=WORKSPACE)
    stub.says(
        Answer(503, "<h1>Busy", {"Retry-After": "7"}), Answer(502, "<h1>Busy", later), Answer(504, "<h1>Busy"), ok
    )
    ask(lambda client: client.workspace.get())
    assert naps == [7.0625, 9.125, 1.0]
    stub.says(Answer(503, "<h1>Busy", {"Retry-After": "61"}))
    with pytest.raises(TransportError) as raised:
        ask(lambda client: client.workspace.get())
    assert (raised.value.retry_after, raised.value.status, len(naps)) == (61, 503, 3)


def test_nobody_waits_longer_than_allowed(stub: Stub, ask: Ask, naps: list[float]) -> None:
    stub.says(refused("RATE_LIMITED", 429, retryable=True, retryAfter=61))
    with pytest.raises(errors.RateLimited) as raised:
        ask(lambda client: client.workspace.get())
    assert (raised.value.retry_after, raised.value.status, naps) == (61, 429, [])


def test_tries_end(stub: Stub, ask: Ask, naps: list[float]) -> None:
    stub.says(BUSY)
    with pytest.raises(errors.Unavailable):
        ask(lambda client: client.workspace.get())
    assert (len(stub.asked), naps) == (4, [0.25, 0.5, 1.0])
    with pytest.raises(errors.Unavailable):
        ask(lambda client: client.workspace.get(options=RequestOptions(retries=0)))
    assert len(stub.asked) == 5


def test_what_cannot_help_is_not_repeated(stub: Stub, ask: Ask) -> None:
    stub.says(refused("NOT_FOUND", 404, path=["id"]))
    with pytest.raises(errors.NotFound) as raised:
        ask(lambda client: client.posts.get("post_2"))
    error = raised.value
    assert (error.code, error.path, error.request_id) == (ErrorCode.NOT_FOUND, ["id"], "req_server")
    assert str(error) == "NOT_FOUND at id: No. Do it. (request req_server)"
    assert len(stub.asked) == 1


def test_errors_of_a_payload_are_raised_together(stub: Stub, ask: Ask) -> None:
    existing = {"__typename": "Post", "id": "post_1", "postStatus": "DRAFT"}
    conflict = problem(
        "VERSION_CONFLICT", __typename="ConflictError", conflicting="version", currentVersion=3, existing=existing
    )
    account = {"id": "conn_1", "network": "X", "name": "Bakery"}
    reconnect = problem(
        "RECONNECT_REQUIRED", __typename="ReconnectRequired", mutation="connectionReconnect", connection=account
    )
    refusal = {"post": None, "errors": [conflict, problem("TEXT_TOO_LONG"), reconnect], "warnings": []}
    stub.says(data(postUpdate=refusal))
    with pytest.raises(errors.VersionConflict) as raised:
        ask(lambda client: client.posts.update(id="post_1", version=1, text="Rye"))
    error = raised.value
    assert isinstance(error, errors.UserErrors)
    assert [one.code for one in error.errors] == ["VERSION_CONFLICT", "TEXT_TOO_LONG", "RECONNECT_REQUIRED"]
    first, _, last = error.errors
    assert (first.typename, first.conflicting, first.current_version) == ("ConflictError", "version", 3)
    assert first.existing is not None
    assert (first.existing.typename, first.existing.id) == ("Post", "post_1")
    assert last.connection is not None
    assert (last.mutation, last.connection.id, last.connection.name) == ("connectionReconnect", "conn_1", "Bakery")
    assert error.has("TEXT_TOO_LONG")
    assert not error.has(ErrorCode.NOT_FOUND)
    assert error.request_id == stub.asked[0].headers["x-request-id"]


def test_a_code_without_a_class_is_an_api_error(stub: Stub, ask: Ask) -> None:
    stub.says(refused("SOMETHING_NEW", 400))
    with pytest.raises(errors.ApiError) as raised:
        ask(lambda client: client.workspace.get())
    assert type(raised.value) is errors.ApiError
    assert raised.value.code == "SOMETHING_NEW"
    assert not raised.value.code.is_known


def test_words_of_a_newer_server_stay_usable(stub: Stub, ask: Ask) -> None:
    stub.says(data(post={**POST, "status": "PONDERING", "mood": "new field"}))
    post = ask(lambda client: client.posts.get("post_1"))
    assert isinstance(post.status, PostStatus)
    assert (post.status, f"{post.status}", post.status.is_known) == ("PONDERING", "PONDERING", False)
    assert json.dumps(post.status) == '"PONDERING"'
    assert {post.status: 1}[PostStatus("PONDERING")] == 1


def test_another_programs_page_is_a_transport_error(stub: Stub, ask: Ask) -> None:
    stub.says(Answer(404, "<h1>nginx</h1>"))
    with pytest.raises(TransportError, match="answered 404, not as Posthaste does") as raised:
        ask(lambda client: client.workspace.get())
    assert raised.value.status == 404
    assert len(stub.asked) == 1
    stub.says(Answer(502, "<h1>Bad gateway</h1>"), data(workspace=WORKSPACE))
    assert ask(lambda client: client.workspace.get()).id == "ws_1"


def test_a_problem_document_is_an_api_error(stub: Stub, ask: Ask) -> None:
    body = {"type": "https://docs/y", "title": "Too large.", "detail": "1 MiB.", "code": "PAYLOAD_TOO_LARGE"}
    stub.says(Answer(413, body, {"Content-Type": "application/problem+json"}))
    with pytest.raises(errors.ApiError, match="PAYLOAD_TOO_LARGE: 1 MiB"):
        ask(lambda client: client.workspace.get())


def test_nobody_there(ask: Ask) -> None:
    with pytest.raises(TransportError, match="cannot be reached") as raised:
        ask(lambda client: client.workspace.get(), url="http://127.0.0.1:1", retries=1)
    assert (raised.value.request_id or "").startswith("req_")


def test_no_answer_in_time(ask: Ask) -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    with pytest.raises(errors.RequestTimeout):
        ask(lambda client: client.workspace.get(), retries=0, http=ask.http(slow))


def test_a_function_gives_the_key_of_each_request(stub: Stub, ask: Ask) -> None:
    keys = iter(["one", "two"])
    stub.says(BUSY, data(workspace=WORKSPACE))
    ask(lambda client: client.workspace.get(), key=lambda: next(keys))
    assert [asked.headers["authorization"] for asked in stub.asked] == ["Bearer one", "Bearer two"]


def test_hooks_see_everything(stub: Stub, ask: Ask) -> None:
    told: list[Any] = []
    hooks = Hooks(on_request=told.append, on_response=told.append, on_retry=told.append)
    stub.says(BUSY, data(postCreate=CREATED))
    ask(lambda client: client.posts.create(text="Rye"), hooks=hooks)
    names = [type(one).__name__ for one in told]
    assert names == ["RequestInfo", "ResponseInfo", "RetryInfo", "RequestInfo", "ResponseInfo"]
    assert [one.operation for one in told] == ["PostCreate"] * 5
    assert (told[1].status, told[2].seconds, told[4].attempt) == (503, 0.25, 1)
    assert isinstance(told[2].error, errors.Unavailable)
    assert told[0].idempotency_key == told[3].idempotency_key


def test_cost_and_limits_are_told(stub: Stub, ask: Ask) -> None:
    throttle = {"maximum": 20000, "available": 19990, "restoreRate": 1000}
    body = {
        "data": {"workspace": WORKSPACE},
        "extensions": {"cost": {"requested": 12, "actual": 10, "throttle": throttle}},
    }
    limits = {"RateLimit": '"default";r=19990;t=1', "RateLimit-Policy": '"default";q=20000;w=20'}
    stub.says(Answer(200, body, {**limits, "Idempotent-Replayed": "true"}))

    def use(client: Any) -> Any:
        called = client.workspace.get()

        async def awaited() -> Any:
            await called
            return client.last_response

        return awaited() if hasattr(called, "__await__") else client.last_response

    told = ask(use)
    assert (told.cost.requested, told.cost.actual, told.cost.restore_rate) == (12, 10, 1000)
    assert (told.rate_limit.remaining, told.rate_limit.reset) == (19990, 1)
    assert (told.rate_limit.quota, told.rate_limit.window) == (20000, 20)
    assert told.replayed


def test_classes_belong_to_codes_of_the_api() -> None:
    assert set(errors._CLASSES) <= {code.value for code in ErrorCode}


def test_own_documents_stay_as_they_are(stub: Stub, ask: Ask) -> None:
    stub.says(data(postCancel={"errors": [{"code": "NOT_FOUND"}]}))
    fragment = "fragment Wrong on UserError { code }"
    document = (
        f"{fragment} mutation($some_id: ID!) {{ postCancel(input: {{id: $some_id}}) {{ errors {{ ...Wrong }} }} }}"
    )
    answer = ask(lambda client: client.request(document, {"some_id": "post_1"}))
    assert answer == {"postCancel": {"errors": [{"code": "NOT_FOUND"}]}}
    assert stub.asked[0].json == {"query": document, "variables": {"some_id": "post_1"}}
    assert stub.asked[0].headers["idempotency-key"]
    ask(lambda client: client.request("{ viewer { role } }"))
    assert "idempotency-key" not in stub.asked[1].headers


def test_an_answer_that_does_not_fit_is_told(stub: Stub, ask: Ask) -> None:
    stub.says(data(workspace={"id": "ws_1"}))
    with pytest.raises(PosthasteError, match="The answer to WorkspaceGet does not fit"):
        ask(lambda client: client.workspace.get())
