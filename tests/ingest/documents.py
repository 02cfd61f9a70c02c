"""Builds files of every supported type, whole and broken."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import xlsxwriter
from docx import Document
from docx.oxml import parse_xml
from pptx import Presentation
from pptx.util import Inches

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def pdf(pages: Sequence[str], *, locked: bool = False, count: int | None = None) -> bytes:
    """A PDF of one line a page, in any script. ``count`` more pages than there are objects: all are the first."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 6 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /CIDSystemInfo 5 0 R /DW 1000 >>",
        b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>",
        _stream(
            b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange "
            b"1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap"
        ),
    ]
    kids = []
    for text in pages:
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (len(objects) + 2)
        )
        shown = text.encode("utf-16-be").hex().encode()
        objects.append(_stream(b"BT /F 12 Tf 20 700 Td <%s> Tj ET" % shown))
    kids = kids if count is None else kids[:1] * count
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (references, len(kids))
    trailer = b"/ID [<00> <00>]"
    if locked:
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"11" * 32, b"22" * 32))
        trailer += b" /Encrypt %d 0 R" % len(objects)
    return _assembled(objects, trailer)


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content)


def _assembled(objects: Sequence[bytes], trailer: bytes) -> bytes:
    out = bytearray(b"%PDF-1.5\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)
    return bytes(out)


def docx() -> bytes:
    """A heading, a link, a table with a wide cell, tracked changes, a content control, a last paragraph."""
    document = Document()
    document.add_heading("Refund policy", 1)
    paragraph = document.add_paragraph("See ")
    link = document.part.relate_to("https://example.com/a", f"{_R}/hyperlink", is_external=True)
    paragraph._p.append(
        parse_xml(f'<w:hyperlink xmlns:w="{_W}" xmlns:r="{_R}" r:id="{link}"><w:r><w:t>the page</w:t></w:r></w:hyperlink>')
    )
    table = document.add_table(3, 2)
    for row, column, text in ((0, 0, "Item"), (0, 1, "Days"), (1, 0, "Book | CD"), (1, 1, "14"), (2, 0, "all")):
        table.cell(row, column).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    changed = document.add_paragraph("Within ")
    for change, tag in (("del", "delText"), ("ins", "t")):
        text = f'<w:r><w:{tag}>{"7" if change == "del" else "14"} days</w:{tag}></w:r>'
        changed._p.append(parse_xml(f'<w:{change} xmlns:w="{_W}" w:id="1" w:author="x">{text}</w:{change}>'))
    document.element.body.insert_element_before(
        parse_xml(
            f'<w:sdt xmlns:w="{_W}"><w:sdtContent><w:p><w:r><w:t>Controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>'
        ),
        "w:sectPr",
    )
    document.add_paragraph("退款在十四天内。")
    return _saved(document)


def pptx(slides: int = 1) -> bytes:
    """Title, two bullets, a table, a text box in a group, notes; then more slides with a title."""
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Slide one"
    slide.placeholders[1].text = "First point\nSecond point"
    table = slide.shapes.add_table(1, 2, 0, 0, Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "grouped"
    slide.notes_slide.notes_text_frame.text = "said aloud"
    for number in range(2, slides + 1):
        presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = f"第{number}页"
    return _saved(presentation)


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]], links: Mapping[tuple[int, int], str] | None = None) -> bytes:
    """Sheets of rows; ``links`` are for the first sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as book:
        for index, (name, rows) in enumerate(sheets.items()):
            sheet = book.add_worksheet(name)
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    if not index and links and (row, column) in links:
                        sheet.write_url(row, column, links[row, column], string=str(value))
                    elif value is not None:
                        sheet.write(row, column, value)
    return buffer.getvalue()


def epub(pages: Mapping[str, str], order: Sequence[str]) -> bytes:
    """A book whose package lies in a folder; ``pages`` are bodies by file name."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in pages)
    spine = "".join(f'<itemref idref="{name}"/>' for name in order)
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
        ),
        "OEBPS/book.opf": (
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>'
        ),
    }
    for name, body in pages.items():
        files[f"OEBPS/{name}"] = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
    return archive(files)


def eml(subject: str, *, plain: str | None = None, html: str | None = None, charset: str = "utf-8") -> bytes:
    """A message with an attachment."""
    message = EmailMessage()
    message["Subject"] = subject
    if plain is not None:
        message.set_content(plain, charset=charset, cte="base64")
    if html is not None:
        add = message.set_content if plain is None else message.add_alternative
        add(html, subtype="html", charset=charset, cte="base64")
    message.add_attachment(b"attached bytes", maintype="application", subtype="octet-stream", filename="a.bin")
    return message.as_bytes()


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """A zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def repacked(whole: bytes, name: str, content: bytes) -> bytes:
    """The same archive with one entry replaced."""
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        files: dict[str, str | bytes] = {entry: packed.read(entry) for entry in packed.namelist()}
    return archive({**files, name: content})


def _saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
