"""Lists, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from ._core.base import Model

T = TypeVar("T")


class PageInfo(Model):
    """Where a page stands in its list."""

    end_cursor: str | None = None
    """Hand it in as `after` for the next page."""
    start_cursor: str | None = None
    """Hand it in as `before` for the page before."""
    has_next_page: bool = False
    has_previous_page: bool = False


class Page(Model, Generic[T]):
    """Some items of a list."""

    nodes: list[T]
    page_info: PageInfo
    total_count: int | None = None
    """How many there are altogether, where the operation asks for it."""


Fetch = Callable[["int | None", "str | None"], Page[T]]
"""Gets a page: how many items, after which cursor."""

AsyncFetch = Callable[["int | None", "str | None"], Awaitable[Page[T]]]


class Pager(Generic[T]):
    """Every item of a list; pages are fetched when they are needed.

    ```python
    for post in client.posts.iter(limit=200): ...
    for page in client.posts.iter().pages(): ...
    ```
    """

    def __init__(self, fetch: Fetch[T], *, after: str | None, limit: int | None, page_size: int) -> None:
        self._fetch = fetch
        self._after = after
        self._limit = limit
        self._page_size = page_size

    def pages(self) -> Iterator[Page[T]]:
        """Give the pages one after the other."""
        after, left = self._after, self._limit
        while left is None or left > 0:
            page = self._fetch(_size(self._page_size, left), after)
            yield page
            left = None if left is None else left - len(page.nodes)
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                return

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.nodes

    def to_list(self) -> list[T]:
        """Fetch all items, or as many as `limit` says."""
        return list(self)


class AsyncPager(Generic[T]):
    """Every item of a list, with `async for`; pages are fetched when they are needed."""

    def __init__(self, fetch: AsyncFetch[T], *, after: str | None, limit: int | None, page_size: int) -> None:
        self._fetch = fetch
        self._after = after
        self._limit = limit
        self._page_size = page_size

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Give the pages one after the other."""
        after, left = self._after, self._limit
        while left is None or left > 0:
            page = await self._fetch(_size(self._page_size, left), after)
            yield page
            left = None if left is None else left - len(page.nodes)
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                return

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.nodes:
                yield item

    async def to_list(self) -> list[T]:
        """Fetch all items, or as many as `limit` says."""
        return [item async for item in self]


def _size(page_size: int, left: int | None) -> int:
    return page_size if left is None else min(page_size, left)
