"""Following the event log from this moment on, beside the generated methods of `client.events`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing

from ..generated.async_api import Events as AsyncMethods
from ..generated.enums import EventType
from ..generated.models import Event
from ..generated.sync_api import Events as SyncMethods


class SyncEvents(SyncMethods):
    """What happened, and what happens."""

    def follow(
        self, *, types: Sequence[EventType] | None = None, after: str | None = None
    ) -> Generator[Event, None, None]:
        """Give what happens after the cursor `after`, or from this call on, in order and for ever.

        A dropped connection is taken up where it ended: nothing is missed, nothing comes twice.
        """
        # Without a cursor a connection that drops before the first event would not know where it ended.
        return super().follow(types=types, after=after or self.head())


class AsyncEvents(AsyncMethods):
    """What happened, and what happens."""

    async def follow(
        self, *, types: Sequence[EventType] | None = None, after: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """Give what happens after the cursor `after`, or from the first step on, in order and for ever.

        A dropped connection is taken up where it ended: nothing is missed, nothing comes twice.
        """
        async with aclosing(super().follow(types=types, after=after or await self.head())) as events:
            async for event in events:
                yield event
