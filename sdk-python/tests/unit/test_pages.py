"""Lists, page by page."""

from __future__ import annotations

from typing import Any

from .conftest import Ask
from .stub import Answer, Asked, Stub, data
from .test_requests import POST

ALL = [f"post_{n}" for n in range(5)]


def page(asked: Asked) -> Answer:
    variables = asked.json["variables"]
    start = int(variables.get("after") or 0)
    end = start + variables["first"]
    nodes = [{**POST, "id": name} for name in ALL[start:end]]
    info = {"endCursor": str(end), "startCursor": str(start), "hasPreviousPage": start > 0}
    return data(posts={"nodes": nodes, "pageInfo": {**info, "hasNextPage": end < len(ALL)}})


def ids(ask: Ask, **arguments: Any) -> list[str]:
    posts = ask(lambda client: client.posts.iter(**arguments).to_list())
    return [post.id for post in posts]


def test_every_item_is_given_once(stub: Stub, ask: Ask) -> None:
    stub.says(page)
    assert ids(ask, page_size=2, filter={"text": "rye"}) == ALL
    sent = [asked.json["variables"] for asked in stub.asked]
    assert [(one["first"], one.get("after")) for one in sent] == [(2, None), (2, "2"), (2, "4")]
    assert all(one["filter"] == {"text": "rye"} for one in sent)


def test_a_limit_asks_for_no_more_than_needed(stub: Stub, ask: Ask) -> None:
    stub.says(page)
    assert ids(ask, page_size=2, limit=3) == ALL[:3]
    assert [asked.json["variables"]["first"] for asked in stub.asked] == [2, 1]
    assert ids(ask, limit=0) == []
    assert len(stub.asked) == 2


def test_a_list_is_taken_up_after_a_cursor(stub: Stub, ask: Ask) -> None:
    stub.says(page)
    assert ids(ask, after="3") == ALL[3:]


def test_pages_can_be_taken_as_such(stub: Stub, ask: Ask) -> None:
    stub.says(page)

    def use(client: Any) -> Any:
        pages = client.posts.iter(page_size=3).pages()

        async def awaited() -> list[int]:
            return [len(one.nodes) async for one in pages]

        return awaited() if hasattr(pages, "__aiter__") else [len(one.nodes) for one in pages]

    assert ask(use) == [3, 2]


def test_one_page_tells_its_place(stub: Stub, ask: Ask) -> None:
    stub.says(page)
    one = ask(lambda client: client.posts.list(first=2))
    assert (len(one.nodes), one.page_info.has_next_page, one.page_info.end_cursor) == (2, True, "2")
    assert one.total_count is None
