"""What the generator makes of a schema and operations that are not ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.areas import api_module
from codegen.modules import enums_module, inputs_module, models_module, operations_module
from codegen.shapes import Shapes
from codegen.source import Source

SCHEMA = """
scalar DateTime
scalar JSON
"A kind."
enum Kind { "Good." GOOD BAD }
interface Thing { id: ID! }
type Cake implements Thing { id: ID!, kind: Kind!, json: JSON, layers: [Layer!]! }
type Bread implements Thing { id: ID!, flour: String! }
type Layer { cream: Boolean! }
type CakeConnection { nodes: [Cake!]!, pageInfo: PageInfo!, totalCount: Int }
type PageInfo { endCursor: String, hasNextPage: Boolean! }
interface Problem { message: String! }
type CakePayload { cake: Cake, errors: [Problem!]! }
type Oven { cakes(first: Int, after: String): CakeConnection!, heat: Int! }
input CakeInput { "Its kind." kind: Kind!, bakedAt: DateTime, from: String }
type Query { thing(id: ID!): Thing, oven: Oven! }
type Mutation { cakeBake(input: CakeInput!): CakePayload! }
type Subscription { baked(after: String): Cake! }
"""
CAKE = "fragment CakeFields on Cake {\n  id\n  kind\n  json\n  layers {\n    cream\n  }\n}\n"
OPERATIONS = {
    "query/a": "# client: things.get\nquery ThingGet($id: ID!) {\n  thing(id: $id) {\n    __typename\n    id\n"
    "    ... on Bread {\n      flour\n    }\n  }\n}\n",
    "query/b": "# client: oven.cakes\nquery OvenCakes($first: Int, $after: String) {\n  oven {\n"
    "    cakes(first: $first, after: $after) {\n      nodes {\n        ...CakeFields\n      }\n"
    "      pageInfo {\n        endCursor\n        hasNextPage\n      }\n    }\n  }\n}\n" + CAKE,
    "query/c": "# client: oven.heat\nquery OvenHeat {\n  oven {\n    heat\n  }\n}\n",
    "mutation/d": "# client: cakes.bake\nmutation CakeBake($input: CakeInput!) {\n  cakeBake(input: $input) {\n"
    "    cake {\n      ...CakeFields\n    }\n    errors {\n      message\n    }\n  }\n}\n" + CAKE,
    "subscription/e": "# client: cakes.follow\nsubscription Baked($after: String) {\n  baked(after: $after) {\n"
    "    ...CakeFields\n  }\n}\n" + CAKE,
}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return checkout(tmp_path, OPERATIONS)


def checkout(root: Path, operations: dict[str, str], schema: str = SCHEMA) -> Source:
    folder = root / "api/operations"
    for name, text in operations.items():
        file = folder / f"{name}.graphql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    manifest = {name: text.split("\n", 1)[1] for name, text in operations.items()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (root / "schema.graphql").write_text(schema)
    return Source.read(root)


def test_a_fragment_is_a_class_and_what_stands_in_it_is_named_by_its_place(source: Source) -> None:
    text = models_module(Shapes(source))
    assert "class Cake(Model):" in text
    assert "    layers: list[CakeLayer]\n" in text
    assert "class CakeLayer(Model):" in text
    assert '    json_: Any | None = Field(default=None, alias="json")\n' in text


def test_an_interface_is_one_class_where_some_fields_may_be_missing(source: Source) -> None:
    fields = next(shape.fields for shape in Shapes(source).classes if shape.name == "Thing")
    assert [(one.name, one.key, one.type) for one in fields] == [
        ("typename", "__typename", "str"),
        ("id", "id", "str"),
        ("flour", "flour", "str | None"),
    ]


def test_a_payload_has_everything_but_errors(source: Source) -> None:
    fields = next(shape.fields for shape in Shapes(source).classes if shape.name == "CakePayload")
    assert [(one.name, one.type) for one in fields] == [("cake", "Cake")]


def test_results_are_what_was_asked_for(source: Source) -> None:
    results = Shapes(source).results
    assert (results["OvenCakes"].path, results["OvenCakes"].type) == (("oven", "cakes"), "Page[Cake]")
    assert (results["OvenHeat"].path, results["OvenHeat"].type) == (("oven", "heat"), "int")
    assert (results["ThingGet"].path, results["ThingGet"].type) == (("thing",), "Thing | None")


def test_inputs_tell_what_is_required(source: Source) -> None:
    text = inputs_module(source)
    assert "    kind: Required[Kind]\n" in text
    assert "    baked_at: datetime | None\n" in text
    assert "    from_: str | None\n" in text


def test_enums_have_their_descriptions(source: Source) -> None:
    assert '    GOOD = "GOOD"\n    """Good."""\n    BAD = "BAD"\n' in enums_module(source)


def test_a_fragment_stands_once_in_the_documents(source: Source) -> None:
    text = operations_module(source, Shapes(source))
    assert text.count("fragment CakeFields") == 1
    assert "BAKED: Operation[m.Cake] = Operation(" in text


@pytest.mark.parametrize("asynchronous", [False, True])
def test_methods(source: Source, asynchronous: bool) -> None:
    text = api_module(source, Shapes(source), asynchronous=asynchronous)
    word = "async " if asynchronous else ""
    bake = "def bake(self, *, options: RequestOptions | None = None, **input: Unpack[CakeInput]) -> m.CakePayload:"
    assert f"    {word}{bake}" in text
    assert f"    {word}def get(self, id: str, *, options: RequestOptions | None = None) -> m.Thing | None:" in text
    assert "    def iter_cakes(self, *, after: str | None = None, limit: int | None = None, page_size: int = 50" in text
    follow = "AsyncGenerator[m.Cake, None]" if asynchronous else "Generator[m.Cake, None, None]"
    assert f"    def follow(self, *, after: str | None = None) -> {follow}:" in text


def test_free_json_is_marked_as_such(tmp_path: Path) -> None:
    schema = SCHEMA.replace("bakedAt: DateTime", "notes: JSON")
    text = inputs_module(checkout(tmp_path, OPERATIONS, schema))
    assert "    notes: Json | None\n" in text
    assert "from .._core.wire import Json\n" in text
