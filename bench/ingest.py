"""Speed and memory of the ingest engine alone, no server: ``python -m bench.ingest``.

Speeds are by processor time, so that they hold on a busy machine too; files also by the clock.
Texts are sentences of common words from a fixed seed, so they repeat more than real ones do.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from server.ingest.chunks import chunks
from server.ingest.extract import extract
from server.ingest.keywords import keywords, words
from server.ingest.part import Part
from server.ingest.rules import AUTOMATIC
from tests.ingest import documents

_MEGABYTE = 1_000_000
_LONG = 15 * _MEGABYTE
_FILES = 1000
_CHINESE = [
    "知识", "检索", "增强", "生成", "模型", "应用", "平台", "文档", "分段", "向量", "数据", "用户", "可以",
    "通过", "接口", "上传", "文件", "系统", "自动", "解析", "清洗", "切分", "并", "建立", "索引", "在", "对话",
    "中", "引用", "结果",
]  # fmt: skip
_ENGLISH = [
    "knowledge", "retrieval", "generation", "model", "application", "platform", "document", "segment", "vector",
    "data", "users", "can", "upload", "files", "through", "the", "interface", "and", "the", "system", "parses",
    "cleans", "splits", "them", "to", "build", "an", "index", "whose", "results", "are", "cited",
]  # fmt: skip


def main() -> None:
    """Print one line a case."""
    for language in ("chinese", "english"):
        _speeds(language, _text(language, 4 * _MEGABYTE))
    with tempfile.TemporaryDirectory() as folder:
        _small_files(Path(folder))
        for language in ("chinese", "english"):
            path = Path(folder) / f"{language}.txt"
            path.write_text(_text(language, _LONG))
            subprocess.run([sys.executable, "-m", "bench.ingest", str(path)], check=True)


def peak_of(path: Path) -> None:
    """Chunks of a long text, in a fresh process: what they add to its memory at most."""
    keywords("warm")
    before = _peak()
    count = sum(1 for _ in chunks(extract(path, "txt"), AUTOMATIC, "text_model", count_tokens=len))
    print(f"{path.name}: {path.stat().st_size / _MEGABYTE:.0f} MB, {count} chunks, peak +{_peak() - before:.0f} MB")


def _speeds(language: str, text: str) -> None:
    size = len(text.encode()) / _MEGABYTE
    contents: list[str] = []

    def split() -> None:
        contents.extend(chunk.content for chunk in chunks([Part(text)], AUTOMATIC, "text_model", count_tokens=len))

    timed = {
        "clean and split": _seconds(split),
        "keywords": _seconds(lambda: _exhaust(map(keywords, contents))),
        "full-text words": _seconds(lambda: _exhaust(map(words, contents))),
    }
    timed["all"] = sum(timed.values())
    print(f"{language}:", ", ".join(f"{name} {size / seconds:.1f} MB/s" for name, seconds in timed.items()))


def _small_files(folder: Path) -> None:
    contents = {
        "txt": _text("english", 2000).encode(),
        "md": b"# Title\n\n" + _text("english", 2000).encode(),
        "html": f"<p>{_text('english', 2000)}</p>".encode(),
        "pdf": documents.pdf([_text("english", 60)] * 3),
        "docx": documents.docx(),
        "xlsx": documents.xlsx({"S": [["a", "b"], *([n, "text"] for n in range(20))]}),
    }
    for extension, content in contents.items():
        path = folder / f"a.{extension}"
        path.write_bytes(content)
        count = _FILES // len(contents)
        _exhaust(extract(path, extension))
        started, used = time.perf_counter(), _family_seconds()
        for _ in range(count):
            _exhaust(extract(path, extension))
        clock, used = time.perf_counter() - started, _family_seconds() - used
        print(f"{extension}: {count / clock:.0f} files/s by the clock, {used / count * 1000:.1f} ms of processor each")
    parsers = psutil.Process().children()
    print(f"{len(parsers)} idle parser processes: {sum(p.memory_info().rss for p in parsers) / _MEGABYTE:.0f} MB RSS")


def _text(language: str, size: int) -> str:
    """At least that many bytes of UTF-8, in paragraphs."""
    chance = random.Random(1)
    sentences = []
    while size > 0:
        if language == "chinese":
            sentence = "".join(chance.choices(_CHINESE, k=14)) + "。"
        else:
            sentence = " ".join(chance.choices(_ENGLISH, k=14)) + ".  "
        sentence += "\n\n\n" if chance.random() < 0.2 else ""
        sentences.append(sentence)
        size -= len(sentence.encode())
    return "".join(sentences)


def _exhaust(items: Iterable[object]) -> None:
    deque(items, maxlen=0)


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _family_seconds() -> float:
    """Processor time of this process and its parsers, with the forks that ended, since their start."""
    times = [process.cpu_times() for process in psutil.Process().children()]
    return time.process_time() + sum(t.user + t.system + t.children_user + t.children_system for t in times)


def _peak() -> float:
    """MB of the most memory this process has had (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        peak_of(Path(sys.argv[1]))
    else:
        main()
