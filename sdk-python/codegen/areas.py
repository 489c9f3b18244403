"""The modules of methods: `client.posts.create(…)`, blocking and awaiting."""

from __future__ import annotations

from itertools import groupby

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    VariableDefinitionNode,
    type_from_ast,
)

from . import names
from .modules import HEAD, constant, input_type, qualified
from .shapes import Shapes
from .source import Document, Source

IMPORTS = """
import builtins
from collections.abc import {generator}, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import Unpack

from .._core.runner import {runner}
from .._core.settings import RequestOptions
from ..pages import {pager}, Page
from . import models as m
from . import operations as ops
from .enums import *
from .inputs import *

"""

BY_HAND = {"sandbox"}
"""Areas that clients have under a name with another meaning on their class (`_core/door.py`)."""

PAGING = {"first", "after", "last", "before", "withTotal"}


def api_module(source: Source, shapes: Shapes, *, asynchronous: bool) -> str:
    """Write all areas, and the class that holds them."""
    writer = Writer(source, shapes, asynchronous=asynchronous)
    title = "Awaiting methods by area." if asynchronous else "Blocking methods by area."
    text = HEAD.format(title) + IMPORTS.format(generator=writer.generator, runner=writer.runner, pager=writer.pager)
    areas = [(area, list(each)) for area, each in groupby(source.documents, lambda one: one.area)]
    text += "".join(writer.area(area, documents) for area, documents in areas)
    return text + writer.holder([area for area, _ in areas if area not in BY_HAND])


class Writer:
    """Writes one of the two modules."""

    def __init__(self, source: Source, shapes: Shapes, *, asynchronous: bool) -> None:
        self._source = source
        self._shapes = shapes
        self._async = "async " if asynchronous else ""
        self._await = "await " if asynchronous else ""
        self._prefix = "Async" if asynchronous else "Sync"
        self.runner = f"{self._prefix}Runner"
        self.pager = "AsyncPager" if asynchronous else "Pager"
        self.generator = "AsyncGenerator" if asynchronous else "Generator"

    def area(self, area: str, documents: list[Document]) -> str:
        """Write the class of one area."""
        text = f"class {names.pascal(area)}:\n"
        text += f"    {names.docstring(f'Methods of `client.{names.snake(area)}`.')}\n\n"
        text += f"    def __init__(self, runner: {self.runner}) -> None:\n        self._runner = runner\n\n"
        return text + "".join(self._methods(document) for document in documents) + "\n"

    def holder(self, areas: list[str]) -> str:
        """Write the class that a client is made of."""
        text = f'class {self._prefix}Api:\n    """All areas."""\n\n'
        text += f"    def __init__(self, runner: {self.runner}) -> None:\n"
        for area in areas:
            text += f"        self.{names.snake(area)} = {names.pascal(area)}(runner)\n"
        return text

    def _methods(self, document: Document) -> str:
        if document.kind == "subscription":
            return self._follow(document)
        result = self._shapes.results[document.name]
        pages = self._pages(document) if result.item and "after" in self._variables(document) else ""
        return self._call(document) + pages

    def _call(self, document: Document) -> str:
        result = self._shapes.results[document.name]
        arguments, variables = self._arguments(document, self._variables(document))
        return (
            f"    {self._async}def {names.snake(document.method)}(self, {arguments}) -> {self._type(result.type)}:\n"
            f"        {names.docstring(result.doc)}\n"
            f"        return {self._await}self._runner.call(ops.{constant(document)}, {variables}, options)\n\n"
        )

    def _pages(self, document: Document) -> str:
        """Write `iter` beside `list`, or `iter_deliveries` beside `deliveries`."""
        result = self._shapes.results[document.name]
        method = names.snake(document.method)
        name = "iter" if method == "list" else f"iter_{method.removeprefix('list_')}"
        narrowing = {key: node for key, node in self._variables(document).items() if key not in PAGING}
        arguments, _ = self._arguments(document, narrowing)
        arguments = arguments.replace(
            "options: ", "after: str | None = None, limit: int | None = None, page_size: int = 50, options: "
        )
        given = "".join(f"{names.argument(key)}={names.argument(key)}, " for key in narrowing)
        item = self._type(result.item or "Any")
        page = self._type(result.type)
        doc = f"Every item of `{method}` from `after` on, at most `limit`; pages are fetched when needed."
        return (
            f"    def {name}(self, {arguments}) -> {self.pager}[{item}]:\n"
            f"        {names.docstring(doc)}\n"
            f"        {self._async}def fetch(first: int | None, after: str | None) -> {page}:\n"
            f"            return {self._await}self.{method}({given}first=first, after=after, options=options)\n\n"
            f"        return {self.pager}(fetch, after=after, limit=limit, page_size=page_size)\n\n"
        )

    def _follow(self, document: Document) -> str:
        result = self._shapes.results[document.name]
        arguments, variables = self._arguments(document, self._variables(document))
        arguments = arguments.removesuffix("options: RequestOptions | None = None").rstrip(", *")
        if " = None" in arguments and "*, " not in arguments:
            arguments = f"*, {arguments}"
        none = "" if self._async else ", None, None"
        generic = f"{self._type(result.type)}{', None' if self._async else none}"
        return (
            f"    def {names.snake(document.method)}(self, {arguments})"
            f" -> {self.generator}[{generic}]:\n"
            f"        {names.docstring(result.doc)}\n"
            f"        return self._runner.follow(ops.{constant(document)}, {variables})\n\n"
        )

    def _arguments(self, document: Document, variables: dict[str, VariableDefinitionNode]) -> tuple[str, str]:
        """Write a method's arguments, and the dictionary of variables made of them."""
        last = "options: RequestOptions | None = None"
        if list(variables) == ["input"]:
            return self._input_arguments(document, variables["input"]), '{"input": input}'
        required, optional, given = [], [], []
        for key, node in variables.items():
            name = names.argument(key)
            type_ = self._input(node)
            if isinstance(type_, GraphQLNonNull) and node.default_value is None:
                required.append(f"{name}: {self._type(input_type(type_))}")
            else:
                bare = input_type(type_).removesuffix(" | None")
                optional.append(f"{name}: {self._type(bare)} | None = None")
            given.append(f'"{name}": {name}')
        arguments = ", ".join([*required, "*", *optional, last])
        return arguments, "{" + ", ".join(given) + "}"

    def _input_arguments(self, document: Document, node: VariableDefinitionNode) -> str:
        """Spread the one input over keyword arguments."""
        type_ = self._input(node)
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if not isinstance(bare, GraphQLInputObjectType):
            raise TypeError(f"{document.name}: `input` is no input object")
        if clash := {"self", "options"} & {names.argument(key) for key in bare.fields}:
            raise ValueError(f"{bare.name}: {clash} would hide an argument of the method")
        return f"*, options: RequestOptions | None = None, **input: Unpack[{bare.name}]"

    def _variables(self, document: Document) -> dict[str, VariableDefinitionNode]:
        return {node.variable.name.value: node for node in document.node.variable_definitions}

    def _input(self, node: VariableDefinitionNode) -> GraphQLInputType:
        type_ = type_from_ast(self._source.schema, node.type)
        if type_ is None:
            raise ValueError(f"${node.variable.name.value} has an unknown type")
        return type_  # type: ignore[return-value]

    def _type(self, text: str) -> str:
        # In a class with a method `list` the word means the method.
        return qualified(text, self._shapes).replace("list[", "builtins.list[")
