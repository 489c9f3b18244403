"""Signatures of webhooks."""

from __future__ import annotations

import json

import pytest

from posthaste import webhooks
from posthaste.webhooks import WebhookVerificationError

# The example of the Standard Webhooks specification and its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = '{"test": 2432232314}'
NOW = 1614265330.0


def test_the_specifications_example_is_accepted() -> None:
    assert webhooks.verify(BODY.encode(), HEADERS, SECRET, now=NOW) == {"test": 2432232314}


def test_sign_makes_the_specifications_example() -> None:
    assert webhooks.sign(BODY, SECRET, message_id=HEADERS["webhook-id"], timestamp=NOW) == HEADERS


@pytest.mark.parametrize(
    ("headers", "body", "now", "reason"),
    [
        ({}, BODY, NOW, "webhook-id' is missing"),
        (HEADERS, BODY.replace("4", "5"), NOW, "No signature fits"),
        ({**HEADERS, "webhook-id": "msg_other"}, BODY, NOW, "No signature fits"),
        (
            {**HEADERS, "webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
            BODY,
            NOW,
            "No signature",
        ),
        ({**HEADERS, "webhook-signature": "v1"}, BODY, NOW, "No signature fits"),
        ({**HEADERS, "webhook-signature": ""}, BODY, NOW, "No signature fits"),
        ({**HEADERS, "webhook-timestamp": "soon"}, BODY, NOW, "no number"),
        ({**HEADERS, "webhook-timestamp": "\N{SUPERSCRIPT TWO}"}, BODY, NOW, "no number"),
        ({**HEADERS, "webhook-timestamp": "9" * 5000}, BODY, NOW, "no number"),
        (HEADERS, BODY, NOW + 301, "301 s old"),
        (HEADERS, BODY, NOW - 301, "-301 s old"),
    ],
)
def test_everything_else_is_refused(headers: dict[str, str], body: str, now: float, reason: str) -> None:
    with pytest.raises(WebhookVerificationError, match=reason):
        webhooks.verify(body, headers, SECRET, now=now)


def test_header_names_may_have_capitals_and_several_signatures_may_stand_in_one() -> None:
    new = "whsec_" + "QUJD" * 8
    body = json.dumps({"type": "post.created", "data": {}})
    one, other = (webhooks.sign(body, secret, message_id="whd_1", timestamp=NOW) for secret in (SECRET, new))
    both = f"v1a,ed25519 {one['webhook-signature']} {other['webhook-signature']}"
    headers = {name.title(): value for name, value in {**one, "webhook-signature": both}.items()}
    for secret in (SECRET, new, [new, SECRET]):
        assert webhooks.verify(body, headers, secret, now=NOW)["type"] == "post.created"


def test_a_secret_that_is_none_is_told() -> None:
    with pytest.raises(WebhookVerificationError, match="The secret is not whsec_"):
        webhooks.verify(BODY, HEADERS, "whsec_???", now=NOW)


def test_a_body_that_is_no_object_is_refused() -> None:
    headers = webhooks.sign("[]", SECRET, timestamp=NOW)
    with pytest.raises(WebhookVerificationError, match="no object"):
        webhooks.verify("[]", headers, SECRET, now=NOW)
