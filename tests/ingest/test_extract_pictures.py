"""Pictures in PDF and Word files: handed out once, and named where they stand."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from PIL import Image

from server.ingest.extract import Limits, extract
from server.ingest.part import Picture


def picture(colour: str, mode: str = "RGB", size: int = 64) -> Image.Image:
    return Image.new("RGB", (size, size), colour).convert(mode)


def png(colour: str, size: int = 64) -> BytesIO:
    out = BytesIO()
    picture(colour, size=size).save(out, "PNG")
    return BytesIO(out.getvalue())


def pdf(*pages: Image.Image) -> bytes:
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=list(pages[1:]))
    return out.getvalue()


def word() -> bytes:
    document = Document()
    document.add_paragraph("Before.")
    document.add_picture(png("red"))
    document.add_paragraph("Between.").add_run().add_picture(png("blue"))
    document.add_paragraph("Again:").add_run().add_picture(png("red"))
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "In a cell"
    cell.paragraphs[0].add_run().add_picture(png("green"))
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def read(path: Path, content: bytes, limits: Limits | None = None) -> tuple[list[str], list[Picture]]:
    """Texts, with numbers in the place of pictures, and the pictures."""
    path.write_bytes(content)
    kept: list[Picture] = []

    def keep(found: Picture) -> str:
        kept.append(found)
        return f"<{len(kept)}>"

    return [part.text for part in extract(path, path.suffix, limits, keep)], kept


def colour(found: Picture) -> tuple[int, ...]:
    return tuple(Image.open(BytesIO(found.data)).convert("RGB").getpixel((5, 5)))  # type: ignore[arg-type]


def test_pictures_of_a_word_file_stand_where_they_are_and_come_once(tmp_path: Path) -> None:
    (text,), kept = read(tmp_path / "a.docx", word())
    assert text == "Before.\n<1>\nBetween.<2>\nAgain:<1>\n| In a cell<3> |\n| --- |"
    assert [(one.extension, colour(one)) for one in kept] == [
        ("png", (255, 0, 0)), ("png", (0, 0, 255)), ("png", (0, 128, 0)),
    ]  # fmt: skip


def test_pictures_of_a_page_come_at_its_end(tmp_path: Path) -> None:
    texts, kept = read(tmp_path / "a.pdf", pdf(picture("red"), picture("blue", "P"), picture("red")))
    assert [text.strip() for text in texts] == ["<1>", "<2>", "<1>"]
    assert [one.extension for one in kept] == ["jpg", "png"]
    red, blue = (colour(one) for one in kept)
    assert red[0] > 240 and red[2] < 15
    assert blue == (0, 0, 255)


def test_small_pictures_and_those_beyond_the_limits_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", pdf(picture("red", size=8))) == ([], [])
    texts, kept = read(tmp_path / "b.pdf", pdf(picture("red"), picture("blue")), Limits(pictures=1))
    assert ([text.strip() for text in texts], len(kept)) == (["<1>"], 1)
    assert read(tmp_path / "c.pdf", pdf(picture("red")), Limits(picture_mib=0)) == ([], [])


@pytest.mark.parametrize("name", ["a.docx", "a.pdf"])
def test_without_somebody_who_keeps_them_there_are_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(word() if name == "a.docx" else pdf(picture("red")))
    assert "".join(part.text for part in extract(path, path.suffix)) == (
        "Before.\n\nBetween.\nAgain:\n| In a cell |\n| --- |" if name == "a.docx" else ""
    )
