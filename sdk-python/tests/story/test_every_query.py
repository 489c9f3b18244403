"""What the server answers to every query fits the package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from posthaste import Posthaste
from posthaste._core.operation import Operation
from posthaste.generated import operations


def needs_nothing(operation: object) -> bool:
    """Whether it is a query none of whose variables must be given, as `$id: ID!` must."""
    if not isinstance(operation, Operation) or operation.kind != "query":
        return False
    variables = operation.document.partition("{")[0].replace(",", "\n").splitlines()
    return not any(line.rstrip(" )").endswith("!") for line in variables)


# Keys have no sessions: only a signed-in person can list theirs.
OF_PEOPLE = {"IdentityList", "OauthGrantList", "PasskeyList", "SecondFactorGet", "SessionList"}
QUERIES = [
    operation for operation in vars(operations).values() if needs_nothing(operation) and operation.name not in OF_PEOPLE
]


@pytest.fixture(scope="module")
def owner() -> Iterator[Posthaste]:
    with Posthaste.sandbox(role="owner") as client:
        yield client


@pytest.mark.parametrize("operation", QUERIES, ids=lambda operation: operation.name)
def test_it_fits(owner: Posthaste, operation: Operation[Any]) -> None:
    owner._runner.call(operation, {}, None)


def test_what_is_asked_by_id_fits(owner: Posthaste) -> None:
    connection = owner.connections.list(first=1).nodes[0]
    assert owner.connections.get(connection.id) == connection
    post = owner.posts.create(text="Rye", targets=[{"connection_id": connection.id}]).post
    assert owner.posts.get(post.id) == post
    target = owner.targets.get(post.targets[0].id)
    assert (target.state, target.post and target.post.id) == ("DRAFT", post.id)
    nodes = owner.nodes.list([post.id, connection.id, target.id])
    assert [node.typename for node in nodes if node] == ["Post", "Connection", "Target"]
    preview = owner.posts.preview(text="Rye", targets=[{"connection_id": connection.id}])
    assert preview.targets[0].text == "Rye"
    judged = owner.posts.validate(targets=[{"connection_id": connection.id}], schedule={"now": True})
    assert (judged.valid, judged.errors[0].code) == (False, "TEXT_REQUIRED")
    owner.posts.delete(id=post.id)
