"""Calls to Milvus: one client a process, a deadline for every call, retries, and one error for "not there"."""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import grpc

from server.index.port import VectorStoreUnavailable

T = TypeVar("T")

COLLECTION_NOT_FOUND, COLLECTION_NOT_LOADED = 100, 101
# Numbers of Milvus's merr package whose cause passes: not ready or not reachable, out of memory or over a
# limit, a collection that loads, a channel, segment or node that moves.
_PASSING = {2, 3, 4, 8, 9, 103, 201, 500, 501, 502, 503, 600, 601, 603, 901, 902}
_PASSING_STATUS = {
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
}  # fmt: skip
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MilvusAddress:
    """How to reach a Milvus, and how long to wait for it."""

    uri: str
    token: str = ""
    database: str = ""
    # In front of the names of our collections, so that several installations share a server.
    prefix: str = "transom"
    # Keep vectors of new collections on disk, mapped into memory.
    mmap: bool = False
    search_seconds: float = 10.0
    write_seconds: float = 60.0


def load() -> Any:
    """The module pymilvus. Raises RuntimeError that says how to get it."""
    try:
        module = importlib.import_module("pymilvus")
    except ImportError as error:
        raise RuntimeError("Milvus needs the package pymilvus: install transom[milvus]") from error
    # Errors reach us as exceptions; the package also logs each with several stacks.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return module


class MilvusCalls:
    """Thread-safe. The client is made at the first call, and again in a forked child."""

    def __init__(self, address: MilvusAddress) -> None:
        self._address = address
        self._module = load()
        self._lock = Lock()
        self._client: Any = None
        self._process = 0

    def __call__(self, seconds: float, call: Callable[[Any, float], T]) -> T:
        """``call(client, seconds left)``, repeated while the cause of a failure may pass.

        Raises VectorStoreUnavailable when it does not within ``seconds``. Calls must bear repetition.
        """
        end = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        while True:
            left = end - time.monotonic()
            try:
                return call(self._connected(min(left, 5.0)), max(left, 0.1))
            except (self._module.MilvusException, grpc.RpcError) as error:
                if not self._passes(error):
                    raise
                if time.monotonic() + pause >= end:
                    raise VectorStoreUnavailable(f"Milvus at {self._address.uri} does not answer: {error}") from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close the connection; the next call opens one."""
        with self._lock:
            if self._client is not None and self._process == os.getpid():
                self._client.close()
            self._client = None

    def _connected(self, seconds: float) -> Any:
        with self._lock:
            if self._client is None or self._process != os.getpid():
                self._client = self._module.MilvusClient(
                    uri=self._address.uri, token=self._address.token, db_name=self._address.database,
                    timeout=seconds, dedicated=True,
                )
                self._process = os.getpid()
            return self._client

    def _passes(self, error: Exception) -> bool:
        if isinstance(error, grpc.RpcError):
            return error.code() in _PASSING_STATUS
        code = error.code  # type: ignore[attr-defined]
        return code in _PASSING or code in _PASSING_STATUS or bool(getattr(error, "retriable", False))

    def is_error(self, error: Exception, *codes: int) -> bool:
        """Whether Milvus refused with one of these numbers."""
        return isinstance(error, self._module.MilvusException) and error.code in codes
