"""`python -m codegen <checkout>` prints the generated files as one JSON object: contents by path.

`cargo xtask gen` runs this and writes or compares them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from .areas import api_module
from .modules import enums_module, inputs_module, models_module, operations_module
from .shapes import Shapes
from .source import Source

FOLDER = "sdk-python/src/posthaste/generated"
INIT = '"""Made of `schema.graphql` and `api/operations` by `cargo xtask gen`."""\n'


def main() -> None:
    """Print all files."""
    root = Path(sys.argv[1])
    source = Source.read(root)
    shapes = Shapes(source)
    modules = {
        "__init__": INIT,
        "enums": enums_module(source),
        "inputs": inputs_module(source),
        "models": models_module(shapes),
        "operations": operations_module(source, shapes),
        "sync_api": api_module(source, shapes, asynchronous=False),
        "async_api": api_module(source, shapes, asynchronous=True),
    }
    formatted = {f"{FOLDER}/{name}.py": pretty(root, name, text) for name, text in modules.items()}
    json.dump(formatted, sys.stdout)


def pretty(root: Path, name: str, text: str) -> str:
    """Format and sort imports as the package's settings say."""
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    place = f"src/posthaste/generated/{name}.py"
    for command in (["check", "--fix-only", "--quiet", "--select", "I,F401"], ["format"]):
        done = subprocess.run(  # noqa: S603 - our own tool
            [ruff, *command, "--stdin-filename", place, "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=root / "sdk-python",
        )
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
