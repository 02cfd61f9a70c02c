"""What a broken, huge or hostile file does: it fails with a reason, and nothing else happens."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
import xlsxwriter

from server.ingest.extract import SUPPORTED_EXTENSIONS, ExtractError, Limits, extract
from tests.ingest import documents

ARCHIVES = ["docx", "xlsx", "pptx", "epub"]
WHOLE: dict[str, Callable[[], bytes]] = {
    "pdf": lambda: documents.pdf(["page"] * 3),
    "docx": documents.docx,
    "pptx": documents.pptx,
    "xlsx": lambda: documents.xlsx({"S": [["a", "b"], [1, 2]]}),
    "epub": lambda: documents.epub({"a": "<p>x</p>"}, ["a"]),
    "xls": lambda: (Path(__file__).parents[1] / "fixtures/documents/prices.xls").read_bytes(),
}


def refusal(path: Path, content: bytes | None = None, limits: Limits | None = None) -> str:
    """Why that file cannot be read."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExtractError) as refused:
        list(extract(path, path.suffix, limits))
    return str(refused.value)


def still_reads(folder: Path) -> bool:
    path = folder / "well.txt"
    path.write_text("well")
    return [part.text for part in extract(path, "txt")] == ["well"]


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page nested so deeply that its parser needs minutes."""
    path = tmp_path_factory.mktemp("slow") / "deep.html"
    path.write_text("<div>" * 2_000_000)
    return path


@pytest.mark.parametrize("extension", sorted(WHOLE))
@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04junk", b"\x00" * 1000, b"%PDF-1.7\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1junk"])
def test_junk_is_refused_with_a_reason(tmp_path: Path, extension: str, content: bytes) -> None:
    text = refusal(tmp_path / f"a.{extension}", content)
    assert text.startswith("The ")
    assert str(tmp_path) not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("extension", ["docx", "pptx", "xlsx", "epub", "xls"])
def test_half_a_file_is_refused_with_a_reason(tmp_path: Path, extension: str) -> None:
    whole = WHOLE[extension]()
    assert "damaged" in refusal(tmp_path / f"a.{extension}", whole[: len(whole) // 2])


@pytest.mark.parametrize("extension", ARCHIVES)
def test_archive_of_another_type_is_refused(tmp_path: Path, extension: str) -> None:
    assert "is not" in refusal(tmp_path / f"a.{extension}", documents.archive({"hello.txt": "hi"}))


@pytest.mark.parametrize("extension", sorted(SUPPORTED_EXTENSIONS))
def test_random_bytes_of_any_type_end_in_text_or_in_a_reason(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    path.write_bytes(bytes((index * 7919 + index // 13) % 251 for index in range(20_000)))
    try:
        parts = list(extract(path, extension))
    except ExtractError as error:
        assert str(error)
    else:
        assert all(part.text.strip() for part in parts)


def test_locked_pdf_says_so(tmp_path: Path) -> None:
    assert "password" in refusal(tmp_path / "a.pdf", documents.pdf(["x"], locked=True))


@pytest.mark.parametrize("extension", ["docx", "pptx"])
def test_locked_office_file_says_so(tmp_path: Path, extension: str) -> None:
    """An encrypted document is an OLE file with the package inside."""
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
    assert "password" in refusal(tmp_path / f"a.{extension}", content)


def test_pdf_of_too_many_pages_is_refused(tmp_path: Path) -> None:
    assert "100,000 pages" in refusal(tmp_path / "a.pdf", documents.pdf(["x"], count=100_000))


@pytest.mark.parametrize("extension", ARCHIVES)
def test_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, extension: str) -> None:
    whole = documents.repacked(WHOLE[extension](), "bomb.bin", bytes(3 << 20))
    assert "unpacks to more than 2 MiB" in refusal(tmp_path / f"a.{extension}", whole, Limits(unpacked_mib=2))


@pytest.mark.parametrize(("extension", "entry"), [("docx", "word/document.xml"), ("xlsx", "xl/worksheets/sheet1.xml")])
def test_archive_that_lies_about_its_size_is_held(tmp_path: Path, extension: str, entry: str) -> None:
    """The directory says 1 kB where 200 MB come out; no more memory is taken than is allowed."""
    whole = bytearray(documents.repacked(WHOLE[extension](), entry, bytes(200 << 20)))
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as packed:
        info = packed.getinfo(entry)
    size = info.file_size.to_bytes(4, "little")
    for start in (info.header_offset, whole.rfind(b"PK\x01\x02", 0, whole.rfind(entry.encode()))):
        at = whole.find(size, start)
        whole[at : at + 4] = (1000).to_bytes(4, "little")
    assert refusal(tmp_path / f"a.{extension}", bytes(whole), Limits(memory_mib=150))
    assert still_reads(tmp_path)


def test_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    body = b"<w:p><w:r><w:t>word</w:t></w:r></w:p>" * 500_000
    source = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>'
    whole = documents.repacked(documents.docx(), "word/document.xml", source % body)
    text = refusal(tmp_path / "a.docx", whole, Limits(memory_mib=100))
    assert "memory" in text
    assert still_reads(tmp_path)


def test_workbook_with_one_cell_at_the_far_end_is_refused(tmp_path: Path) -> None:
    """Its table would have 17,000,000,000 cells."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "z")
    assert "memory" in refusal(path)
    assert still_reads(tmp_path)


def test_text_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    with pytest.raises(ExtractError, match="more than 100 characters"):
        list(extract(path, "csv", Limits(characters=100)))


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "laugh">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


def test_entities_of_a_word_document_expand_to_nothing(tmp_path: Path) -> None:
    source = (
        f'{LAUGHS}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>ha &a9;</w:t></w:r></w:p></w:body></w:document>"
    )
    path = tmp_path / "a.docx"
    path.write_bytes(documents.repacked(documents.docx(), "word/document.xml", source.encode()))
    try:
        text = "".join(part.text for part in extract(path, "docx"))
    except ExtractError:
        return
    assert "laugh" not in text


@pytest.mark.parametrize("extension", ["xml", "html"])
def test_entities_of_a_page_do_not_expand(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    path.write_text(f"{LAUGHS}<l>&a9;</l>")
    assert sum(len(part.text) for part in extract(path, extension)) < 2000


def test_entities_of_a_book_do_not_expand(tmp_path: Path) -> None:
    book = documents.repacked(documents.epub({"a": "x"}, ["a"]), "META-INF/container.xml", f"{LAUGHS}<c>&a9;</c>".encode())
    assert "damaged" in refusal(tmp_path / "a.epub", book)


def test_outside_entities_read_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret words")
    source = (
        f'<!DOCTYPE l [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>got &x;</w:t></w:r></w:p></w:body></w:document>"
    )
    path = tmp_path / "a.docx"
    path.write_bytes(documents.repacked(documents.docx(), "word/document.xml", source.encode()))
    assert "secret words" not in "".join(part.text for part in extract(path, "docx"))


def test_deep_page_ends_at_the_processor_time(tmp_path: Path, slow: Path) -> None:
    assert refusal(slow, limits=Limits(cpu_seconds=1)) == "Reading the file took more than 1 seconds of processor time."
    assert still_reads(tmp_path)


def test_slow_page_ends_at_the_wall_time(tmp_path: Path, slow: Path) -> None:
    assert refusal(slow, limits=Limits(wall_seconds=1)) == "Reading the file took longer than 1 seconds."
    assert still_reads(tmp_path)


def test_time_of_a_slow_caller_is_not_the_readers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + f"{'x' * 1000},2\n" * 5000)
    parts = extract(path, "csv", Limits(wall_seconds=4))
    next(parts)
    time.sleep(5)  # the caller's work
    assert sum(1 for _ in parts) == 4999


def test_message_nested_deeply_ends_in_text_or_in_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)))
    try:
        list(extract(path, "eml"))
    except ExtractError as error:
        assert str(error)
    assert still_reads(tmp_path)


def in_background(path: Path) -> tuple[threading.Thread, list[str]]:
    """Extract in a thread; the list gets the reason of its failure."""
    reasons: list[str] = []

    def run() -> None:
        try:
            list(extract(path, path.suffix))
        except ExtractError as error:
            reasons.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, reasons


def wait_for(find: Callable[[], set[psutil.Process]], seconds: float = 30) -> psutil.Process:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found.pop()
        time.sleep(0.02)
    raise AssertionError("no such process")


def parsers() -> list[psutil.Process]:
    """The parser processes below us; other tests of the session have children too."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and any("ingest.extract.child" in word for word in child.cmdline()):
                found.append(child)
    return found


def readers_at_work() -> set[psutil.Process]:
    """Forks of the parser processes below us."""
    found: set[psutil.Process] = set()
    for parser in parsers():
        with contextlib.suppress(psutil.NoSuchProcess):
            found.update(parser.children())
    return found


@pytest.mark.parametrize(("sent", "reason"), [(signal.SIGSEGV, "crashed its parser"), (signal.SIGKILL, "ended by the system")])
def test_parser_that_dies_fails_its_file_only(tmp_path: Path, slow: Path, sent: signal.Signals, reason: str) -> None:
    thread, reasons = in_background(slow)
    wait_for(readers_at_work).send_signal(sent)
    thread.join(30)
    assert reason in reasons[0]
    assert still_reads(tmp_path)


def test_iterator_that_is_closed_early_ends_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + f"{'x' * 1000},2\n" * 10_000)
    parts = extract(path, "csv")
    next(parts)
    reader = wait_for(readers_at_work)
    parts.close()  # type: ignore[attr-defined]
    assert psutil.wait_procs([reader], timeout=10)[1] == []
    assert readers_at_work() == set()


def test_parser_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    assert still_reads(tmp_path)
    for parser in parsers():
        parser.kill()
    assert still_reads(tmp_path)


def test_reader_whose_library_is_missing_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(documents.docx())
    program = "import sys; sys.modules['docx'] = None; from server.ingest.extract.child import main; main()"
    request = json.dumps({"path": str(path), "extension": "docx", "limits": asdict(Limits())})
    run = subprocess.run(
        [sys.executable, "-c", program], input=request + "\n", capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2], timeout=60,
    )  # fmt: skip
    assert "cannot read a Word document (docx)" in run.stdout
    assert run.stderr == ""


def test_many_threads_extract_at_once(tmp_path: Path) -> None:
    contents = {"a.txt": b"text", "a.docx": documents.docx(), "a.pdf": documents.pdf(["page"]), "bad.docx": b"junk"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)

    def lengths(name: str) -> int:
        try:
            return len(list(extract(tmp_path / name, name.rpartition(".")[2])))
        except ExtractError:
            return -1

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lengths, list(contents) * 6))
    assert found == [1, 1, 1, -1] * 6
    assert len(parsers()) <= 6


def test_forked_worker_has_parsers_of_its_own(tmp_path: Path) -> None:
    """Celery's prefork workers are forks of a process that may have extracted already."""
    assert still_reads(tmp_path)
    fork = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(0 if still_reads(tmp_path) else 1))
    fork.start()
    fork.join(60)
    assert fork.exitcode == 0
    assert still_reads(tmp_path)


def test_worker_that_is_killed_leaves_no_parser_behind(slow: Path) -> None:
    program = f"from pathlib import Path; from server.ingest.extract import extract; list(extract(Path({str(slow)!r}), 'html'))"
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) as worker:
        wait_for(lambda: {p for p in psutil.Process(worker.pid).children(recursive=True) if p.ppid() != worker.pid})
        below = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
    _, alive = psutil.wait_procs(below, timeout=30)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
