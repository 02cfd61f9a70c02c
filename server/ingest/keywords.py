"""Words of a text: keywords for the economy index, tokens for full text, the keyword half of hybrid scores.

Chinese is cut by rjieba (jieba's dictionary and model); everything else by runs of letters and digits.
"""

from __future__ import annotations

import lzma
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import islice

import rjieba

_MEDIAN_IDF = 11.9547675029
"""Of the table; what jieba gives a word that is not in it."""

_LONGEST_TOKEN = 64
"""Characters of a full-text token; what is longer (base64, hashes) is cut, alike in text and query."""

_WORD = re.compile(r"\w+")
# Words of alphabets that jieba would cut into single letters: accented Latin, Greek, Cyrillic, Arabic ...
# up to Devanagari and its kin; not the scripts without spaces, for which single characters serve better.
_LETTERS = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0dff\u1e00-\u1fff"
_ALPHABETIC = re.compile(f"[0-9A-Za-z]*[{_LETTERS}][0-9A-Za-z{_LETTERS}]*")
_LATIN_ACCENT = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_ENGLISH = re.compile(r"[a-z]+")


def keywords(text: str, limit: int | None = 10) -> list[str]:
    """The words that tell most about a text, best first: jieba's TF-IDF with the usual stop words out.

    Words of one character are none. A word of several parts gives its parts too ("3.14" gives "14"), so
    there may be more than ``limit``; None means all. Spelling is kept, but words that differ in case only
    count as one and are shown as first met; compare them lower-cased.
    """
    stop, idf = _stop_words(), _idf()
    counts: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for word, count in Counter(_cut(text, rjieba.cut)).items():
        folded = word.lower()
        if len(word.strip()) >= 2 and folded not in stop and _WORD.search(word):
            counts[folded] += count
            spelling.setdefault(folded, word)
    weights = {folded: count * idf.get(spelling[folded], _MEDIAN_IDF) for folded, count in counts.items()}
    best = sorted(weights, key=lambda folded: -weights[folded])
    found = {folded: spelling[folded] for folded in islice(best, limit)}
    for word in list(found.values()):
        for part in _parts(word):
            found.setdefault(part.lower(), part)
    return list(found.values())


def query_keywords(text: str, limit: int = 10) -> list[str]:
    """Keywords of a query, lower-cased, each once."""
    return [word.lower() for word in keywords(text, limit)]


def words(text: str) -> list[str]:
    """Full-text tokens in text order, repeated as often as they occur; the same for texts and queries.

    Chinese gives words and the words inside them (search mode); marks and spaces give nothing; numbers stay.
    Full-width forms become plain, letters lower case, Latin letters lose their accents, and English words
    their plural ending.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return [token for word in _cut(text.lower(), rjieba.cut_for_search) if (token := _token(word))]


def tfidf_cosine(query: Iterable[str], candidates: Sequence[Iterable[str]]) -> list[float]:
    """How near each candidate's keywords are to the query's, 0 to 1 (K of rag-engine.md 7.1).

    Keywords are sets, compared lower-cased; a word weighs ln((1 + N) / (1 + df)) + 1 over the N candidates.
    """
    asked = {word.lower() for word in query}
    held = [{word.lower() for word in candidate} for candidate in candidates]
    frequency = Counter(word for candidate in held for word in candidate)
    square = {word: (math.log((1 + len(held)) / (1 + df)) + 1) ** 2 for word, df in frequency.items()}
    query_norm = math.sqrt(sum(square.get(word, 0.0) for word in asked))
    scores = []
    for candidate in held:
        norm = math.sqrt(sum(square[word] for word in candidate)) * query_norm
        scores.append(sum(square[word] for word in asked & candidate) / norm if norm else 0.0)
    return scores


def _cut(text: str, cut: Callable[[str], list[str]]) -> Iterable[str]:
    """Every word and mark of the text; words of other alphabets whole."""
    if text.isascii() or not _ALPHABETIC.search(text):
        return cut(text)
    found: list[str] = []
    end = 0
    for other in _ALPHABETIC.finditer(text):
        found += cut(text[end : other.start()])
        found.append(other[0])
        end = other.end()
    return found + cut(text[end:])


def _parts(word: str) -> list[str]:
    parts = _WORD.findall(word)
    stop = _stop_words()
    return [part for part in parts if part.lower() not in stop] if len(parts) > 1 else []


@lru_cache(maxsize=1 << 16)
def _token(word: str) -> str:
    """The token of a word, "" for marks and spaces."""
    word = word[:_LONGEST_TOKEN]
    if not _WORD.search(word):
        return ""
    if _LATIN_ACCENT.search(word):
        word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return _singular(word) if _ENGLISH.fullmatch(word) else word


def _singular(word: str) -> str:
    """Harman's S stemmer, and the e of boxes and matches: plurals fold into the plain form, nothing else."""
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    if word.endswith("es"):
        return word if word.endswith(("aes", "ees", "oes")) else word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(_data("stop_words.txt").decode().split())


@cache
def _idf() -> dict[str, float]:
    """The table: 0.2 s once per process, 30 MB."""
    table: dict[str, float] = {}
    for line in lzma.decompress(_data("idf.txt.xz")).decode().splitlines():
        value, *found = line.split(" ")
        table.update(dict.fromkeys(found, float(value)))
    return table


def _data(name: str) -> bytes:
    return resources.files("server.ingest").joinpath("data", name).read_bytes()
