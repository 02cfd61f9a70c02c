"""Files of data as tidy text, one part a file: JSON, YAML, WebVTT captions, Java properties."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from server.ingest.extract.encoding import read_text
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.part import Part

_TAG = re.compile(r"<[^>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TIMES = re.compile(r"^\S*\d\d:\d\d\.\d{3}\s+-->")
_PAIR = re.compile(r"^\s*([^=:\s]+)\s*[=:]\s*(.*)$")


def read(path: Path, _: Limits) -> Iterator[Part]:
    """One part. The kind is told by the text itself: captions say so, JSON is an object or a list."""
    text = read_text(path)
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        yield Part(_captions(text))
    elif text.lstrip()[:1] in ("{", "["):
        yield Part(_json(text))
    elif _is_properties(text):
        yield Part("\n".join(map(_property, text.split("\n"))))
    else:
        yield Part(_yaml(text))


def _json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return _yaml(text)


def _yaml(text: str) -> str:
    import yaml

    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ExtractError(f"{' '.join(str(error).split())[:200]}") from None
    return str(yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False))


def _captions(text: str) -> str:
    """Speaker and words of each caption; what one speaker says in a row is one line."""
    said: list[tuple[str, list[str]]] = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.split("\n")
        start = next((number for number, line in enumerate(lines) if _TIMES.match(line)), None)
        if start is None:
            continue
        body = " ".join(lines[start + 1 :]).strip()
        voice = _VOICE.search(body)
        speaker = voice[1].strip() if voice else ""
        words = _TAG.sub("", body).strip()
        if said and said[-1][0] == speaker:
            said[-1][1].append(words)
        else:
            said.append((speaker, [words]))
    return "\n".join(f'{speaker} "{" ".join(words)}"' for speaker, words in said)


def _is_properties(text: str) -> bool:
    """Whether some line assigns with an equals sign, as no line of YAML that has a colon before does."""
    lines = [line for line in text.split("\n") if line.strip() and line.lstrip()[:1] not in "#!"]
    return bool(lines) and any("=" in line.partition(":")[0] for line in lines)


def _property(line: str) -> str:
    found = None if line.lstrip()[:1] in ("#", "!") else _PAIR.match(line)
    return f"{found[1]}: {found[2]}" if found else line
