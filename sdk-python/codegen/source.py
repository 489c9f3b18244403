"""What is read: the schema, the documents of the manifest, and the `# client:` line of each operation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)


@dataclass(frozen=True)
class Document:
    """An operation and where a client finds it."""

    area: str
    """`posts` of `# client: posts.create`."""
    method: str
    """`create`."""
    text: str
    """What is sent, the same text as in the manifest."""
    node: OperationDefinitionNode

    @property
    def name(self) -> str:
        """The operation's name."""
        if self.node.name is None:
            raise ValueError("an operation has no name")
        return self.node.name.value

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""
        return self.node.operation.value


@dataclass(frozen=True)
class Source:
    """Everything that is generated from."""

    schema: GraphQLSchema
    documents: list[Document]
    fragments: dict[str, FragmentDefinitionNode]

    @classmethod
    def read(cls, root: Path) -> Source:
        """Read a checkout."""
        schema = build_schema((root / "schema.graphql").read_text())
        operations = root / "api/operations"
        clients = dict(_client(file) for file in sorted(operations.glob("*/*.graphql")) if _is_operation(file))
        documents, fragments = [], {}
        for text in json.loads((operations / "manifest.json").read_text()).values():
            parsed = parse(text)
            if errors := validate(schema, parsed):
                raise ValueError(f"{errors[0]}\nin {text}")
            for node in parsed.definitions:
                if isinstance(node, FragmentDefinitionNode):
                    fragments[node.name.value] = node
                elif isinstance(node, OperationDefinitionNode) and node.name:
                    area, method = clients[node.name.value]
                    documents.append(Document(area, method, text, node))
        documents.sort(key=lambda document: (document.area, document.method))
        return cls(schema, documents, dict(sorted(fragments.items())))

    def root(self, document: Document) -> GraphQLObjectType:
        """Give the type of an operation's root."""
        root = self.schema.get_root_type(document.node.operation)
        if root is None:
            raise ValueError(f"the schema has no {document.kind}")
        return root


def _is_operation(file: Path) -> bool:
    return file.parent.name in {"query", "mutation", "subscription"}


def _client(file: Path) -> tuple[str, tuple[str, str]]:
    """Read the operation's name, and area and method from the first line."""
    first, second = file.read_text().split("\n", 2)[:2]
    area, _, method = first.removeprefix("# client: ").strip().partition(".")
    name = second.split()[1].partition("(")[0]
    return name, (area, method)
