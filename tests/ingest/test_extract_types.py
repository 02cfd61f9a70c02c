"""What text each type of file gives (rag-engine.md section 2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.ingest.extract import SUPPORTED_EXTENSIONS, ExtractError, Part, extract
from tests.ingest import documents

Read = Callable[[str, bytes | str], list[Part]]

CHINESE = "知识库把文档切成分段，再为每个分段建立向量和全文索引。"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Extracts a file of that name and content."""

    def extracted(name: str, content: bytes | str) -> list[Part]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(extract(path, path.suffix))

    return extracted


def texts(parts: list[Part]) -> list[str]:
    return [part.text for part in parts]


def test_extensions_are_the_documented_ones_that_we_can_read() -> None:
    default = "txt markdown md mdx pdf html htm xlsx xls docx csv vtt properties"
    assert frozenset([*default.split(), "eml", "pptx", "xml", "epub"]) == SUPPORTED_EXTENSIONS


@pytest.mark.parametrize("name", ["a.txt", "a.VTT", "a.properties", "a.unknown", "noextension"])
def test_text_is_one_part(read: Read, name: str) -> None:
    assert texts(read(name, "one\r\ntwo\rthree\n\n# four")) == ["one\ntwo\nthree\n\n# four"]


def test_nul_characters_of_a_text_are_left_out(read: Read) -> None:
    assert texts(read("a.txt", "a\x00b")) == ["ab"]


def test_blank_file_has_no_parts(read: Read) -> None:
    assert read("a.txt", "") == []
    assert read("a.md", " \n\n") == []


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "utf-8"), (CHINESE, "utf-8-sig"), (CHINESE, "utf-16"), ("plain words", "utf-16-le"),
        ("plain words", "utf-16-be"), (CHINESE, "gbk"), ("你好，世界", "gb18030"), ("退款政策", "gbk"),
        ("spec v2: 重量 5kg, price 100. Hello world.", "gbk"), ("姓名,年龄\n张三,30\n", "gbk"),
        ("知識庫把文件切成分段，再為每個分段建立向量和全文索引。", "big5"),
        ("これは日本語の文章です。知識ベースは文書を分割します。", "shift_jis"),
        ("これは日本語の文章です。知識ベースは文書を分割します。", "euc_jp"),
        ("이것은 한국어 문장입니다. 지식 기반은 문서를 나누어 색인을 만듭니다.", "euc_kr"),
        ("Это русский текст. База знаний делит документы на части.", "cp1251"),
        ("Ceci est un texte français. L'été, à l'école, il était naïf.", "cp1252"),
    ],
)  # fmt: skip
def test_encoding_of_a_text_is_found(read: Read, text: str, encoding: str) -> None:
    assert texts(read("a.txt", text.encode(encoding))) == [text]


def test_long_text_of_another_encoding_is_found(read: Read) -> None:
    text = (CHINESE + "\n") * 30_000
    assert texts(read("a.txt", text.encode("gb18030"))) == [text]


def test_damaged_byte_in_utf_8_costs_one_character(read: Read) -> None:
    data = bytearray(CHINESE.encode() * 20)
    data[4] = 0xFF
    (text,) = texts(read("a.txt", bytes(data)))
    assert text.endswith(CHINESE)


def test_bytes_of_no_encoding_are_refused(read: Read) -> None:
    with pytest.raises(ExtractError, match="encoding"):
        read("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10)


def test_markdown_has_a_part_for_each_section(read: Read) -> None:
    source = (
        "intro <b>bold</b>\n\n# One\nbody [l](http://x.y) ![i](http://x.y/i.png)\n```\n# no heading\n```\n"
        "#hashtag\n## Two #2 ##\n\nlast <!-- gone -->\n### Empty\n"
    )
    parts = read("a.md", source)
    assert texts(parts) == [
        "intro bold",
        "\n\nOne\nbody [l](http://x.y) ![i](http://x.y/i.png)\n```\n# no heading\n```\n#hashtag",
        "\n\nTwo 2\nlast",
        "\n\nEmpty\n",
    ]
    assert [part.metadata.get("heading") for part in parts] == [None, "One", "Two 2", "Empty"]


def test_html_is_all_text_of_the_page(read: Read) -> None:
    source = (
        "<html><head><title>Title</title><style>p {}</style></head><body> <p>one</p><p>t&amp;wo</p>"
        "<!-- no --><script>no()</script></body></html>"
    )
    assert texts(read("a.html", source)) == ["Title onet&wo"]


def test_html_with_a_declared_encoding_is_read_by_it(read: Read) -> None:
    source = '<meta charset="gb2312"><p>你好'
    assert texts(read("a.htm", source.encode("gbk"))) == ["你好"]


def test_bad_byte_in_a_page_with_a_declared_encoding_costs_one_character(read: Read) -> None:
    source = '<meta charset="gbk"><p>你好'.encode("gbk") + b"\xff\xff" + "世界".encode("gbk")
    (text,) = texts(read("a.html", source))
    assert text.startswith("你好")
    assert text.endswith("世界")


@pytest.mark.parametrize("declared", ["hex", "idna", "nonsense", "utf-7"])
def test_strange_declared_encoding_is_no_fault_of_a_good_page(read: Read, declared: str) -> None:
    assert texts(read("a.html", f'<meta charset="{declared}"><p>你好'.encode("gbk"))) == ["你好"]


def test_xml_keeps_its_tags_and_is_cut_at_lines(read: Read) -> None:
    lines = ['<?xml version="1.0"?>', *(f"<row>{number:0100d}</row>" for number in range(100))]
    parts = texts(read("a.xml", "\n".join(lines)))
    assert "\n".join(parts) == "\n".join(lines)
    assert max(map(len, parts)) <= 4000
    assert len(parts) == 3


def test_csv_has_a_part_for_each_row(read: Read) -> None:
    source = 'name,age,\nann,007,x\n"b, c"\n\n,,\ntoo,many,fields,here\nd,5,"two\nlines"\n'
    parts = read("a.csv", source)
    assert texts(parts) == [
        "name: ann;age: 007;Unnamed: 2: x",
        "name: b, c;age: ;Unnamed: 2: ",
        "name: d;age: 5;Unnamed: 2: two\nlines",
    ]


def test_csv_of_gbk_with_repeated_columns_is_read(read: Read) -> None:
    assert texts(read("a.csv", "城市,城市\n北京,上海\n".encode("gbk"))) == ["城市: 北京;城市.1: 上海"]


def test_pdf_has_a_part_for_each_page_with_text(read: Read) -> None:
    parts = read("a.pdf", documents.pdf(["First page.", "", "第三页"]))
    assert texts(parts) == ["First page.", "第三页"]
    assert [part.metadata["page"] for part in parts] == [1, 3]


def test_pdf_with_a_damaged_page_names_it(read: Read) -> None:
    whole = documents.pdf(["one", "two"])
    with pytest.raises(ExtractError, match="Page 2 of the PDF is damaged"):
        read("a.pdf", whole[::-1].replace(b"/Type /Page /"[::-1], b"/Type /Pxge /"[::-1], 1)[::-1])


def test_docx_has_paragraphs_tables_and_links_in_order(read: Read) -> None:
    (text,) = texts(read("a.docx", documents.docx()))
    assert text.split("\n") == [
        "Refund policy", "See [the page](https://example.com/a)",
        "| Item | Days |", "| --- | --- |", "| Book \\| CD | 14 |", "| all |  |",
        "Within 14 days", "Controlled", "退款在十四天内。",
    ]  # fmt: skip


def test_pptx_has_a_part_for_each_slide(read: Read) -> None:
    parts = read("a.pptx", documents.pptx(slides=2))
    assert texts(parts) == ["Slide one\nFirst point\nSecond point\nleft | right\ngrouped\nsaid aloud", "第2页"]
    assert [part.metadata["slide"] for part in parts] == [1, 2]


def test_xlsx_has_a_part_for_each_row_of_each_sheet(read: Read) -> None:
    rows: list[list[Any]] = [
        ["Report"], [], [None, "Item", "Price"], [None, "Tea", 3], [], [None, 'a "b"', None, "no column"],
        [None, "linked", dt.date(2024, 1, 2)], [None, True, 1.5],
    ]  # fmt: skip
    parts = read("a.xlsx", documents.xlsx({"One": rows, "二": [["k", "v"], ["键", "值"]], "Empty": []}, {(6, 1): "https://x.y/z"}))
    assert texts(parts) == [
        '"Item":"Tea";"Price":"3"',
        '"Item":"a \\"b\\"";"Price":""',
        '"Item":"[linked](https://x.y/z)";"Price":"2024-01-02"',
        '"Item":"True";"Price":"1.5"',
        '"k":"键";"v":"值"',
    ]
    assert dict(parts[0].metadata) == {"sheet": "One", "row": 4}
    assert dict(parts[4].metadata) == {"sheet": "二", "row": 2}


def test_xlsx_without_a_row_of_two_has_its_fullest_row_as_header(read: Read) -> None:
    assert texts(read("a.xlsx", documents.xlsx({"One": [["Name"], ["ann"], ["bob"]]}))) == ['"Name":"ann"', '"Name":"bob"']


def test_xls_has_a_part_for_each_row_without_empty_cells(read: Read) -> None:
    content = (Path(__file__).parents[1] / "fixtures/documents/prices.xls").read_bytes()
    assert texts(read("a.xls", content)) == ['"Item":"Tea";"Price":"3";"Note":"a \\"green\\" one"', '"Item":"咖啡";"Price":"4.5"']


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_workbook_is_read_by_its_content_not_its_name(read: Read, name: str) -> None:
    old = (Path(__file__).parents[1] / "fixtures/documents/prices.xls").read_bytes()
    assert len(read(name, old)) == 2
    assert texts(read(name, documents.xlsx({"S": [["a", "b"], [1, None]]}))) == ['"a":"1";"b":""']


def test_epub_has_parts_that_begin_at_headings_in_reading_order(read: Read) -> None:
    pages = {"b.xhtml": "<h1>Two</h1><p>second\n page</p>", "a.xhtml": "<h1>One</h1><h2>Sub</h2><p>first<br/>page</p>"}
    assert texts(read("a.epub", documents.epub(pages, ["a.xhtml", "b.xhtml"]))) == [
        "One\n\nSub\n\nfirst\n\npage", "Two\n\nsecond page",
    ]  # fmt: skip


def test_parts_by_title_hold_at_most_four_thousand_characters(read: Read) -> None:
    page = "<h1>T</h1>" + "".join(f"<p>{'word ' * 100}</p>" for _ in range(20)) + f"<p>{'x' * 9000}</p>"
    parts = texts(read("a.epub", documents.epub({"a.xhtml": page}, ["a.xhtml"])))
    assert max(map(len, parts)) <= 4000
    assert sum(part.count("word") for part in parts) == 2000
    assert sum(part.count("x") for part in parts) == 9000


def test_eml_is_its_subject_and_plain_body(read: Read) -> None:
    message = documents.eml("退款 policy", plain="First.\n\nSecond\nline.", html="<p>no</p>")
    (part,) = read("a.eml", message)
    assert part.text == "退款 policy\n\nFirst.\n\nSecond\nline."
    assert part.metadata == {"subject": "退款 policy"}


def test_eml_with_html_only_is_its_text(read: Read) -> None:
    message = documents.eml("S", html="<style>x</style><h2>Head</h2><p>one</p><div>two <b>x</b></div>", charset="gbk")
    assert texts(read("a.eml", message)) == ["S\n\nHead\n\none\n\ntwo x"]


def test_eml_with_broken_headers_gives_its_body(read: Read) -> None:
    message = b"Subject: =?utf-8?q?=ZZ?= \xff\xfe\nContent-Type: text/plain; charset=nonsense\n\nThe body."
    assert "The body." in texts(read("a.eml", message))[0]


def test_file_that_is_not_there_is_no_fault_of_the_document(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(extract(tmp_path / "none.txt", "txt"))
