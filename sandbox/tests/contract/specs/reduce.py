#!/usr/bin/env python3
"""Reduces the networks' official specifications to what the connectors use.

Usage: reduce.py DIRECTORY, with x/openapi.xdk-specs.json, pinterest/openapi-5.23.0.json and
meta/derived-sdk-v26.json in it (origins: README.md). Writes x.json, pinterest.json, meta.json here.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
METHODS = ("get", "post", "put", "patch", "delete")
PROSE = {"description", "example", "examples", "title", "default", "discriminator", "format",
         "readOnly", "writeOnly", "deprecated", "nullable", "x-enum-varnames"}

X_PATHS = [
    "/2/tweets", "/2/tweets/{id}", "/2/users/me", "/2/users/{id}/tweets", "/2/media/upload",
    "/2/media/upload/initialize", "/2/media/upload/{id}/append", "/2/media/upload/{id}/finalize",
    "/2/media/metadata",
]
# The OpenAPI document names the token addresses only in its security scheme; the form fields are
# those of X's guide "OAuth 2.0 Authorization Code Flow with PKCE".
X_OAUTH = {
    "/2/oauth2/token": ({"grant_type": ["authorization_code", "refresh_token"]},
                        ["code", "redirect_uri", "code_verifier", "refresh_token", "client_id"]),
    "/2/oauth2/revoke": ({"token": None}, ["client_id", "token_type_hint"]),
}
PINTEREST_PATHS = [
    "/oauth/token", "/user_account", "/boards", "/boards/{board_id}/pins", "/pins",
    "/pins/{pin_id}", "/pins/{pin_id}/analytics", "/media", "/media/{media_id}",
]
# (node, edge): what the connectors call; "/" is the node itself.
META_EDGES = {
    "user": ["/accounts", "/permissions"],
    "page": ["/", "/feed", "/photos", "/videos", "/video_reels", "/photo_stories",
             "/video_stories", "/published_posts", "/stories"],
    "pagepost": ["/", "/insights"],
    "photo": ["/"],
    "advideo": ["/"],
    "iguser": ["/", "/media", "/media_publish", "/stories", "/content_publishing_limit"],
    "igmedia": ["/", "/insights"],
    "shadowigmediabuilder": ["/"],
}


class OpenApi:
    """One OpenAPI document, from which the schemas in use are collected."""

    def __init__(self, document):
        self.document = document
        self.schemas = {}

    def resolve(self, reference):
        value = self.document
        for part in reference.removeprefix("#/").split("/"):
            value = value[part]
        return value

    def schema(self, schema, closed):
        """A JSON schema without prose; `closed` objects take no unknown fields."""
        if isinstance(schema, list):
            return [self.schema(item, closed) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            if name not in self.schemas:
                self.schemas[name] = None
                self.schemas[name] = self.schema(self.resolve(schema["$ref"]), closed)
            return {"$ref": f"#/$defs/{name}"}
        choices = schema.get("discriminator", {}).get("mapping")
        if choices and "oneOf" not in schema:
            return {"oneOf": [self.schema({"$ref": ref}, closed) for ref in choices.values()]}
        schema = merged(schema)
        if "oneOf" in schema and all("enum" in choice for choice in schema["oneOf"]):
            # Values that two lists share would fit both; any list will do.
            schema = {**schema, "anyOf": schema["oneOf"]}
            del schema["oneOf"]
        result = {}
        for key, value in schema.items():
            if key == "properties":
                result[key] = {name: self.schema(v, closed) for name, v in value.items()}
            elif key not in PROSE:
                result[key] = self.schema(value, closed)
        if schema.get("nullable") and "type" in result:
            result["type"] = [result["type"], "null"]
        if closed and "properties" in result:
            result.setdefault("additionalProperties", False)
        return result

    def operation(self, shared, operation, closed):
        parameters = shared + operation.get("parameters", [])
        parameters = [self.resolve(p["$ref"]) if "$ref" in p else p for p in parameters]
        place = lambda where: {
            p["name"]: {"required": p.get("required", False),
                        "schema": self.schema(p["schema"], closed)}
            for p in parameters if p["in"] == where}
        content = operation.get("requestBody", {}).get("content", {})
        return {"path": place("path"), "query": place("query"),
                "body": {kind: self.schema(body["schema"], closed)
                         for kind, body in content.items()}}

    def reduce(self, source, prefix, paths, closed):
        result = {}
        for path in paths:
            item = self.document["paths"][path]
            result[prefix + path] = {
                method: self.operation(item.get("parameters", []), item[method], closed)
                for method in METHODS if method in item}
        return {"source": source, "paths": result, "$defs": self.schemas}


def merged(schema):
    """An object whose own fields and `allOf` parts are one, so that it can be closed."""
    parts = schema.get("allOf", [])
    if "properties" not in schema or any("$ref" in part for part in parts):
        return schema
    result = {key: value for key, value in schema.items() if key != "allOf"}
    for part in parts:
        result["properties"] = {**result["properties"], **part.get("properties", {})}
        result["required"] = sorted({*result.get("required", []), *part.get("required", [])})
    return result


def oauth_form(required, optional):
    enum = lambda values: {"type": "string", **({"enum": values} if values else {})}
    properties = {name: enum(values) for name, values in required.items()}
    properties |= {name: {"type": "string"} for name in optional}
    schema = {"type": "object", "required": list(required), "properties": properties,
              "additionalProperties": False}
    return {"post": {"path": {}, "query": {},
                     "body": {"application/x-www-form-urlencoded": schema}}}


def x(directory):
    document = json.loads((directory / "x/openapi.xdk-specs.json").read_text())
    result = OpenApi(document).reduce("X OpenAPI 2.167", "", X_PATHS, closed=False)
    result["paths"] |= {path: oauth_form(*form) for path, form in X_OAUTH.items()}
    return result


def pinterest(directory):
    document = json.loads((directory / "pinterest/openapi-5.23.0.json").read_text())
    # The document lets objects open; closing them finds misspelt fields.
    return OpenApi(document).reduce("Pinterest OpenAPI 5.23.0", "/v5", PINTEREST_PATHS, closed=True)


def meta(directory):
    nodes = json.loads((directory / "meta/derived-sdk-v26.json").read_text())["nodes"]

    def values(enum):
        if isinstance(enum, list):
            return enum
        owner, name = enum.split(".")
        return nodes.get(owner.lower(), {}).get("enum_classes", {}).get(name)

    def edge(row):
        params = {}
        for name, kind in row["params"].items():
            enum = kind.removeprefix("list<").removesuffix(">")
            allowed = values(row["enums"][enum]) if enum in row["enums"] else None
            is_list = kind.startswith("list<")
            params[name] = ({"list": allowed} if is_list else allowed) if allowed else kind
        return params

    result = {}
    for name, edges in META_EDGES.items():
        every = nodes[name]["edges"]
        rows = [row for row in every if row["edge"] in edges]
        # The GET edges of an object can be asked for like its fields (field expansion).
        lists = {row["edge"][1:] for row in every if row["method"] == "GET" and row["edge"] != "/"}
        result[name] = {"fields": sorted(lists.union(nodes[name]["fields"])),
                        "edges": {f"{row['method']} {row['edge']}": edge(row) for row in rows}}
    return {"source": "PyPI facebook-business 26.0.3", "version": "v26.0", "nodes": result}


def main():
    directory = pathlib.Path(sys.argv[1])
    for reduce in (x, pinterest, meta):
        text = json.dumps(reduce(directory), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        (HERE / f"{reduce.__name__}.json").write_text(text + "\n")


main()
