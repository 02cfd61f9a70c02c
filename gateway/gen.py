"""Writes ``generated/``: Python stubs, the descriptor set, the REST view, the OpenAPI document."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import orjson
from grpc_tools import protoc

from gateway.contract import bindings, load
from gateway.openapi import document
from gateway.view import rest_view

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GENERATED = ROOT / "generated"


class GenError(Exception):
    """protoc refused the protos; its own text is on standard error."""


def generate(out: Path) -> None:
    """Write everything below ``out``. Raises GenError, ContractError."""
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "transom").rglob("*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    out.mkdir(parents=True, exist_ok=True)
    arguments = [
        "protoc", f"-I{PROTO}", f"-I{well_known}", f"--python_out={out}", f"--pyi_out={out}",
        f"--grpc_python_out={out}", "--include_imports", "--include_source_info",
        f"--descriptor_set_out={out / 'transom.binpb'}", *sources,
    ]
    if protoc.main(arguments) != 0:
        raise GenError("protoc failed")
    for folder in (out / "transom").rglob("*"):
        if folder.is_dir():
            (folder / "__init__.py").touch()
    (out / "transom" / "__init__.py").touch()
    canonical = (out / "transom.binpb").read_bytes()
    found = bindings(load(canonical))
    (out / "rest.binpb").write_bytes(rest_view(canonical))
    text = orjson.dumps(document(canonical, found), option=orjson.OPT_INDENT_2)
    (out / "openapi.json").write_bytes(text + b"\n")


def differences() -> list[str]:
    """Files of ``generated/`` that are not what the protos say now."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        wanted = {str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file()}
        present = {
            str(path.relative_to(GENERATED))
            for path in GENERATED.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        changed = [name for name in wanted & present if not filecmp.cmp(fresh / name, GENERATED / name, shallow=False)]
        return sorted({*changed, *(wanted ^ present)})


def regenerate() -> None:
    """Replace ``generated/``."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(folder, GENERATED)
