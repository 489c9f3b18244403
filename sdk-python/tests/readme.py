"""The code of the README, block by block."""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).parent.parent / "README.md"

GIVEN = """
from posthaste import webhooks

client = Posthaste.sandbox()
connection = client.connections.list(first=1).nodes[0]
post = client.posts.create(text="Rye").post
cursor = client.events.list(first=1).nodes[0].cursor
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
body = b"{}"
headers = webhooks.sign(body, secret)
"""
"""What the reader of a block has: names that other code made."""


def blocks() -> list[str]:
    """Give each block of Python; what a block takes for granted is put between the first and the others."""
    found = re.findall(r"```python\n(.*?)```", FILE.read_text(), re.DOTALL)
    first, *others = [str(block) for block in found]
    return [first, GIVEN, *others]
