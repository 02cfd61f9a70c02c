"""Writes ``generated/``: Python stubs, the descriptor set, the REST view, the OpenAPI document."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Sequence
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


def compile_protos(root: Path, descriptor_set: Path, *options: str, imports: Sequence[Path] = ()) -> None:
    """Compile ``transom/**`` below a root into a descriptor set, with comments and imports. Raises GenError."""
    sources = sorted(str(path.relative_to(root)) for path in (root / "transom").rglob("*.proto"))
    includes = [f"-I{folder}" for folder in (root, *imports, files("grpc_tools") / "_proto")]
    wanted = [f"--descriptor_set_out={descriptor_set}", "--include_imports", "--include_source_info"]
    if protoc.main(["protoc", *includes, *wanted, *options, *sources]) != 0:
        raise GenError("protoc failed")


def generate(out: Path) -> None:
    """Write everything below ``out``. Raises GenError, ContractError."""
    out.mkdir(parents=True, exist_ok=True)
    stubs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    compile_protos(PROTO, out / "transom.binpb", *stubs)
    for folder in (out / "transom", *(out / "transom").rglob("*")):
        if folder.is_dir():
            (folder / "__init__.py").touch()
    canonical = (out / "transom.binpb").read_bytes()
    found = bindings(load(canonical))
    (out / "rest.binpb").write_bytes(rest_view(canonical))
    text = orjson.dumps(document(canonical, found), option=orjson.OPT_INDENT_2)
    (out / "openapi.json").write_bytes(text + b"\n")


def differences() -> list[str]:
    """List the files of ``generated/`` that are not what the protos say now."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        changed, stale = _compare(Path(folder))
        return sorted(changed | stale)


def regenerate() -> None:
    """Bring ``generated/`` up to date; files that are right stay untouched, for whoever reads them now."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        changed, stale = _compare(Path(folder))
        for name in changed:
            (GENERATED / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / name, GENERATED / name)
        for name in stale:
            (GENERATED / name).unlink()


def _compare(fresh: Path) -> tuple[set[str], set[str]]:
    """Names of files to write, and of files to delete."""
    wanted, present = _names(fresh), _names(GENERATED)
    same = {name for name in wanted & present if filecmp.cmp(fresh / name, GENERATED / name, shallow=False)}
    return wanted - same, present - wanted


def _names(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
