"""Classes for what operations select.

A fragment is a class, named by the type it is on. A selection that is nothing but one fragment is that class;
one with more fields is a subclass. What is selected in place is a class of its own: at the root and in lists with
pages named by the type, else by where it stands, so that its name does not depend on other operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    print_ast,
)

from . import names
from .source import Document, Source

SCALARS = {
    "ID": "str",
    "String": "str",
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
    "DateTime": "datetime",
    "LocalDateTime": "datetime",
    "JSON": "Any",
}

EXTRAS = frozenset({"PostPayload.dryRun", "TargetPayload.dryRun", "WebhookEndpointTestPayload.webhookDelivery"})
"""Fields of payloads that may be null also when there are no errors: they tell about a dry run, or are none."""

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


@dataclass
class Field:
    """A field of a class."""

    name: str
    key: str
    type: str
    doc: str | None
    optional: bool


@dataclass
class Shape:
    """A class."""

    name: str
    base: str
    doc: str | None
    fields: list[Field] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What an operation gives."""

    path: tuple[str, ...]
    type: str
    item: str | None
    """Of a list with pages: the type of its items."""
    doc: str | None


class Shapes:
    """All classes, each after those it is made of."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._classes: dict[str, Shape] = {}
        self._fragments = self._name_fragments()
        self._roots = self._name_roots()
        for fragment in source.fragments:
            self._fragment(fragment)
        self.results = {document.name: self._result(document) for document in source.documents}

    @property
    def classes(self) -> list[Shape]:
        """Every class, in the order of definition."""
        return list(self._classes.values())

    def _name_fragments(self) -> dict[str, str]:
        """Name each by its type; those that share a type by themselves."""
        on = {name: node.type_condition.name.value for name, node in self.source.fragments.items()}
        types = list(on.values())
        return {name: type_ if types.count(type_) == 1 else name.removesuffix("Fields") for name, type_ in on.items()}

    def _name_roots(self) -> dict[str, str]:
        """Name what an operation selects at its root by the type, if all that return it select the same."""
        selected: dict[str, set[str]] = {}
        for document in self.source.documents:
            node, definition = self._root_field(document)
            if node.selection_set:
                selected.setdefault(_named(definition.type), set()).add(print_ast(node.selection_set))
        taken = set(self._fragments.values())
        return {name: name for name, texts in selected.items() if len(texts) == 1 and name not in taken}

    def _root_field(self, document: Document) -> tuple[FieldNode, GraphQLField]:
        (node,) = document.node.selection_set.selections
        if not isinstance(node, FieldNode):
            raise TypeError(f"{document.name}: an operation has one root field")
        return node, self.source.root(document).fields[node.name.value]

    def _result(self, document: Document) -> Result:
        node, definition = self._root_field(document)
        path = [_key(node)]
        type_ = definition.type
        inside = _only_field(node)
        if inside is not None and (_is_page(inside) or not inside.selection_set) and document.kind == "query":
            # One thing of an object: it is what is asked for.
            node, path = inside, [*path, _key(inside)]
            type_ = cast("GraphQLObjectType", _bare(type_)).fields[inside.name.value].type
        name = self._roots.get(_named(type_), document.name)
        text = self._type(type_, node, name, payload=document.kind == "mutation")
        item = text.removeprefix("Page[").removesuffix("]") if text.startswith("Page[") else None
        if item is None and _is_page(node):
            item = self._item(type_, node, name)
        return Result(tuple(path), text, item, definition.description)

    def _type(self, type_: GraphQLOutputType, node: FieldNode, name: str, *, payload: bool = False) -> str:
        if isinstance(type_, GraphQLNonNull):
            return self._bare_type(type_.of_type, node, name, payload=payload)
        return f"{self._bare_type(type_, node, name, payload=payload)} | None"

    def _bare_type(self, type_: GraphQLOutputType, node: FieldNode, name: str, *, payload: bool = False) -> str:
        if isinstance(type_, GraphQLList):
            return f"list[{self._type(type_.of_type, node, name)}]"
        if isinstance(type_, GraphQLScalarType):
            return SCALARS[type_.name]
        if isinstance(type_, GraphQLEnumType):
            return type_.name
        if node.selection_set is None:
            raise ValueError(f"{node.name.value} selects nothing")
        composite = cast("Composite", type_)
        if _is_page(node):
            return self._page(composite, node, name)
        return self._class(composite, node.selection_set, name, payload=payload)

    def _page(self, type_: Composite, node: FieldNode, name: str) -> str:
        page = f"Page[{self._item(type_, node, name)}]"
        more = self._fields(type_, node, name, skip={"nodes", "pageInfo", "totalCount"})
        if not more:
            return page
        return self._add(Shape(name, page, type_.description, more))

    def _item(self, type_: GraphQLOutputType, node: FieldNode, name: str) -> str:
        composite = cast("GraphQLObjectType", _bare(type_))
        nodes = next(each for each in _fields_of(node) if each.name.value == "nodes")
        list_ = composite.fields["nodes"].type
        plain = _named(list_)
        taken = plain in self._fragments.values() or plain in self._roots
        text = self._type(list_, nodes, f"{name}Node" if taken else plain).removesuffix(" | None")
        return text.removeprefix("list[").removesuffix("]")

    def _fragment(self, fragment: str) -> str:
        name = self._fragments[fragment]
        if name == "PageInfo" or name in self._classes:
            return name
        node = self.source.fragments[fragment]
        type_ = cast("Composite", self.source.schema.type_map[node.type_condition.name.value])
        return self._class(type_, node.selection_set, name)

    def _class(self, type_: Composite, selected: SelectionSetNode, name: str, *, payload: bool = False) -> str:
        spreads = [one.name.value for one in selected.selections if isinstance(one, FragmentSpreadNode)]
        base = self._fragment(spreads[0]) if len(spreads) == 1 else "Model"
        if base != "Model" and len(selected.selections) == 1:
            return base
        fields = self._collect(type_, selected, name, inherited=base != "Model", skip=set())
        if payload and "errors" in {one.key for one in fields}:
            # Errors are raised; where there are none, everything else is there.
            fields = [
                one if f"{type_.name}.{one.key}" in EXTRAS else _certain(one) for one in fields if one.key != "errors"
            ]
        return self._add(Shape(name, base, type_.description, fields))

    def _fields(self, type_: Composite, node: FieldNode, name: str, *, skip: set[str]) -> list[Field]:
        if node.selection_set is None:
            return []
        return self._collect(type_, node.selection_set, name, inherited=False, skip=skip)

    def _collect(
        self, type_: Composite, selected: SelectionSetNode, name: str, *, inherited: bool, skip: set[str]
    ) -> list[Field]:
        fields: dict[str, Field] = {}
        for one in selected.selections:
            if isinstance(one, FieldNode):
                if one.name.value not in skip:
                    found = self._field(type_, one, name)
                    fields.setdefault(found.key, found)
                continue
            if isinstance(one, FragmentSpreadNode):
                if inherited:
                    continue
                fragment = self.source.fragments[one.name.value]
                on, inside = fragment.type_condition.name.value, fragment.selection_set
            else:
                inline = cast("InlineFragmentNode", one)
                on = inline.type_condition.name.value if inline.type_condition else type_.name
                inside = inline.selection_set
            narrower = cast("Composite", self.source.schema.type_map[on])
            for found in self._collect(narrower, inside, name, inherited=False, skip=skip):
                # Only some of the interface's types have it.
                fields.setdefault(found.key, found if on == type_.name else _optional(found))
        return list(fields.values())

    def _field(self, type_: Composite, node: FieldNode, parent: str) -> Field:
        key = _key(node)
        if node.name.value == "__typename":
            return Field("typename", key, "str", "The name of the concrete type.", optional=False)
        definition = cast("GraphQLObjectType", type_).fields[node.name.value]
        many = isinstance(_nullable(definition.type), GraphQLList)
        name = parent + names.pascal(names.singular(key) if many else key)
        text = self._type(definition.type, node, name)
        found = Field(names.field(key), key, text, definition.description, text.endswith(" | None"))
        return _optional(found) if node.directives else found

    def _add(self, shape: Shape) -> str:
        known = self._classes.setdefault(shape.name, shape)
        if known != shape:
            raise ValueError(f"two classes would be named {shape.name}")
        return shape.name


def _certain(found: Field) -> Field:
    return Field(found.name, found.key, found.type.removesuffix(" | None"), found.doc, optional=False)


def _optional(found: Field) -> Field:
    text = found.type.removesuffix(" | None")
    return Field(found.name, found.key, f"{text} | None", found.doc, optional=True)


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    return cast("GraphQLOutputType", type_.of_type) if isinstance(type_, GraphQLNonNull) else type_


def _bare(type_: GraphQLOutputType) -> GraphQLOutputType:
    while isinstance(type_, (GraphQLNonNull, GraphQLList)):
        type_ = type_.of_type
    return type_


def _named(type_: GraphQLOutputType) -> str:
    return cast("GraphQLObjectType", _bare(type_)).name


def _fields_of(node: FieldNode) -> list[FieldNode]:
    if node.selection_set is None:
        return []
    return [one for one in node.selection_set.selections if isinstance(one, FieldNode)]


def _only_field(node: FieldNode) -> FieldNode | None:
    if node.selection_set is None or len(node.selection_set.selections) != 1:
        return None
    (only,) = node.selection_set.selections
    return only if isinstance(only, FieldNode) else None


def _is_page(node: FieldNode) -> bool:
    return {"nodes", "pageInfo"} <= {one.name.value for one in _fields_of(node)}
