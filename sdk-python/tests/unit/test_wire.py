"""How values are written for the API."""

from __future__ import annotations

from posthaste import Json
from posthaste._core.wire import to_wire


def test_names_are_spelt_as_the_api_does_and_free_json_stays() -> None:
    passkey = Json(raw_id="a", response={"user_handle": None})
    assert to_wire({"ceremony_id": "pkc_1", "credential": passkey}) == {
        "ceremonyId": "pkc_1",
        "credential": {"raw_id": "a", "response": {"user_handle": None}},
    }
