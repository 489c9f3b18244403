"""Signatures of webhooks, as [Standard Webhooks](https://www.standardwebhooks.com) defines them.

```python
from posthaste import webhooks

event = webhooks.verify(request.body, request.headers, secret)   # raises WebhookVerificationError
if event["type"] == "target.published": ...
```

Pass the body's bytes as they came: a body that was parsed and written anew has another signature. During a
rotation two secrets are valid; `verify` accepts a list of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import WebhookVerificationError

__all__ = ["WebhookVerificationError", "sign", "verify"]

TOLERANCE = 300.0
PREFIX = "whsec_"


def verify(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """Check a webhook's signature and age, and return its parsed body.

    `tolerance` is how many seconds the webhook's time may differ from `now` (seconds since 1970; otherwise the
    clock's). The header `webhook-id` is the same in every repeat of a delivery: use it to act only once.
    Raises `WebhookVerificationError`.
    """
    named = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp, signatures = (named[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise WebhookVerificationError(f"The header {missing} is missing.") from None
    _check_age(timestamp, time.time() if now is None else now, tolerance)
    body = payload.encode() if isinstance(payload, str) else payload
    secrets = [secret] if isinstance(secret, str) else list(secret)
    expected = [_signature(one, message_id, timestamp, body) for one in secrets]
    if not any(hmac.compare_digest(ours, theirs) for theirs in _versions(signatures) for ours in expected):
        raise WebhookVerificationError("No signature fits: another secret, or the body was changed.")
    parsed = json.loads(body)
    if not isinstance(parsed, dict):
        raise WebhookVerificationError("The body is no object.")
    return parsed


def sign(
    payload: bytes | str, secret: str, *, message_id: str | None = None, timestamp: float | None = None
) -> dict[str, str]:
    """Make the headers of a webhook, for tests of a receiver."""
    body = payload.encode() if isinstance(payload, str) else payload
    message_id = message_id or f"whd_{uuid.uuid4().hex}"
    moment = str(int(time.time() if timestamp is None else timestamp))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + _signature(secret, message_id, moment, body).decode(),
    }


def _check_age(timestamp: str, now: float, tolerance: float) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise WebhookVerificationError("The header webhook-timestamp is no number.")
    age = now - int(timestamp)
    if abs(age) > tolerance:
        raise WebhookVerificationError(f"The webhook is {age:.0f} s old; at most {tolerance:.0f} s are taken.")


def _versions(header: str) -> list[bytes]:
    """Give the signatures of the version that we know: `v1,<base64> v1,<base64> v1a,…`."""
    pairs = (part.split(",", 1) for part in header.split())
    return [pair[1].encode() for pair in pairs if len(pair) == 2 and pair[0] == "v1"]


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise WebhookVerificationError(f"The secret is not {PREFIX} with base64 behind it.") from None
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
