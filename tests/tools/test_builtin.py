"""Packaged tools: what they answer for what they are given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from server.engine.ports import CodeFaultError, ToolFaultError, ToolMessage
from server.kit.outbound import Outbound, allowing
from server.tools.builtin import catalogue, jsonpath
from server.tools.builtin.part import World
from tests.doubles.web_server import WebServer


class Runner:
    """The port ``CodeRunner`` without confinement, for code of this file."""

    async def run(self, language: str, code: str, inputs: Mapping[str, Any]) -> Any:
        names: dict[str, Any] = {}
        exec(code, names)
        try:
            return names["main"](**inputs)
        except ZeroDivisionError as error:
            raise CodeFaultError(str(error)) from error

    async def render(self, template: str, variables: Mapping[str, Any]) -> str:
        raise AssertionError("no tool renders templates")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    yield World(outbound, Runner(), lambda: datetime(2024, 2, 29, 23, 30, tzinfo=UTC))
    await outbound.close()


async def answers(world: World, provider: str, name: str, **given: Any) -> list[ToolMessage]:
    found = catalogue.provider_named(provider)
    assert found is not None
    tool = found.tool(name)
    assert tool is not None
    return [message async for message in tool.work(world, given)]


async def text(world: World, provider: str, name: str, **given: Any) -> str:
    (message,) = await answers(world, provider, name, **given)
    assert message.kind == "text"
    return message.text


# time


@pytest.mark.parametrize(("name", "given", "answer"), [
    ("current_time", {"format": "%Y-%m-%d %H:%M:%S", "timezone": "UTC"}, "2024-02-29 23:30:00"),
    ("current_time", {"format": "%d.%m.", "timezone": "Asia/Shanghai"}, "01.03."),
    ("current_time", {}, "2024-02-29 23:30:00 UTC"),
    ("current_time", {"timezone": "Mars/Base"}, "Invalid timezone: Mars/Base"),
    ("current_time", {"timezone": "../../etc/passwd"}, "Invalid timezone: ../../etc/passwd"),
    ("localtime_to_timestamp", {"localtime": "2024-1-1 0:0:0", "timezone": "Asia/Shanghai"}, "1704038400"),
    ("timestamp_to_localtime", {"timestamp": 1704038400, "timezone": "Asia/Shanghai"}, "2024-01-01 00:00:00"),
    ("timestamp_to_localtime", {"timestamp": 1e30}, "Invalid timestamp: 1e+30"),
    ("timezone_conversion", {"current_time": "2024-01-01 00:00:00", "current_timezone": "Asia/Shanghai", "target_timezone": "Asia/Tokyo"}, "2024-01-01 01:00:00"),
    ("weekday", {"year": 2024, "month": 2, "day": 29}, "February 29, 2024 is Thursday."),
    ("weekday", {"year": 2023, "month": 2, "day": 29}, "Invalid date: Year 2023, Month 2, Day 29."),
])  # fmt: skip
async def test_time(world: World, name: str, given: dict[str, Any], answer: str) -> None:
    assert await text(world, "time", name, **given) == answer


async def test_time_that_cannot_be_read_is_a_fault(world: World) -> None:
    with pytest.raises(ToolFaultError, match="Unable to parse datetime string 'soon'"):
        await text(world, "time", "localtime_to_timestamp", localtime="soon")


# json_process

_SHOP = {
    "store": {"book": [{"t": "A", "p": 8}, {"t": "B", "p": 12}], "open": True}, "list": [0, 1, 2, 3], "a-b": {"c d": 5}
}


@pytest.mark.parametrize(("path", "found"), [
    ("$", [_SHOP]), ("$.store.book[*].t", ["A", "B"]), ("store.open", [True]), ("$..p", [8, 12]),
    ("$.list[1:3]", [1, 2]), ("$.list[-1]", [3]), ("$.list[0,2]", [0, 2]), ("$['a-b']['c d']", [5]),
    ("$.a-b.'c d'", [5]), ("$.store.*.nothing", []), ("$.list[9]", []), ("$.store.book[0]['t','p']", ["A", 8]),
])  # fmt: skip
def test_jsonpath_finds(path: str, found: list[Any]) -> None:
    assert [match.value for match in jsonpath.find(path, _SHOP)] == found


@pytest.mark.parametrize("path", ["$.[", "$.list[", "$..", "$.list[?(@.p>1)]"])
def test_jsonpath_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(jsonpath.PathError):
        jsonpath.find(path, _SHOP)


@pytest.mark.parametrize(("name", "given", "answer"), [
    ("parse", {"content": '{"a": {"b": "ü"}}', "json_filter": "$.a"}, '{"b": "\\u00fc"}'),
    ("parse", {"content": '{"a": {"b": "ü"}}', "json_filter": "$.a", "ensure_ascii": False}, '{"b": "ü"}'),
    ("parse", {"content": '{"a": [1, "x"]}', "json_filter": "$.a[*]"}, '[1, "x"]'),
    ("parse", {"content": '{"a": 5}', "json_filter": "a"}, "5"),
    ("parse", {"content": '{"a": 5}', "json_filter": "b"}, ""),
    ("parse", {"content": "", "json_filter": "b"}, "Invalid parameter content"),
    ("json_insert", {"content": '{"a": [1]}', "query": "$.a", "new_value": "2", "value_decode": True}, '{"a": [1, 2]}'),
    ("json_insert", {"content": '{"a": {}}', "query": "a", "new_value": '{"b": 1}', "value_decode": True}, '{"a": {"b": 1}}'),
    ("json_insert", {"content": "{}", "query": "$.a[1].b", "new_value": "x", "create_path": "True"}, '{"a": [{}, {"b": "x"}]}'),
    ("json_insert", {"content": "{}", "query": "$.a", "new_value": "x", "create_path": "False"}, "{}"),
    ("json_replace", {"content": '{"a": "xyx"}', "query": "a", "replace_model": "pattern", "replace_pattern": "x", "replace_value": "-"}, '{"a": "-y-"}'),
    ("json_replace", {"content": '{"a": 1, "b": 2}', "query": "$.a", "replace_model": "key", "replace_value": "c"}, '{"c": 1, "b": 2}'),
    ("json_replace", {"content": '{"a": 1}', "query": "$.a", "replace_model": "value", "replace_value": "[2]", "value_decode": True}, '{"a": [2]}'),
    ("json_replace", {"content": '{"a": 1}', "query": "$.a", "replace_model": "value", "replace_value": "[2"}, '{"a": "[2"}'),
    ("json_delete", {"content": '{"a": [1, 2, 3], "b": 1}', "query": "$.a[0,2]"}, '{"a": [2], "b": 1}'),
])  # fmt: skip
async def test_json_process(world: World, name: str, given: dict[str, Any], answer: str) -> None:
    assert await text(world, "langgenius/json_process/json_process", name, **given) == answer


@pytest.mark.parametrize("name", ["parse", "json_insert", "json_replace", "json_delete"])
@pytest.mark.parametrize("content", ["{", "[" * 100_000])
async def test_json_that_cannot_be_read_is_told(world: World, name: str, content: str) -> None:
    given = {"json_filter": "$.a", "query": "$.a", "new_value": "1", "replace_value": "1", "replace_pattern": "1"}
    assert "JSON content" in await text(world, "json_process", name, content=content, **given)


# code


async def test_code_answers_what_it_prints(world: World) -> None:
    assert await text(world, "code", "simple_code", language="python3", code="print(6 * 7)\nprint('x')") == "42\nx\n"
    with pytest.raises(ToolFaultError, match="division by zero"):
        await text(world, "code", "simple_code", language="python3", code="1 / 0")
    with pytest.raises(ToolFaultError, match="Only python3 and javascript are supported, not ruby"):
        await text(world, "code", "simple_code", language="ruby", code="")


# chart


@pytest.mark.parametrize(("name", "given", "marks"), [
    ("bar_chart", {"data": "1;2;3", "x_axis": "a;b;<script>"}, {"rect": 4}),
    ("line_chart", {"data": "[1, -2.5, 3]", "x_axis": "甲,乙"}, {"circle": 3}),
    ("pie_chart", {"data": "1,1,2", "categories": "a,b,c"}, {"path": 3}),
    ("pie_chart", {"data": "5"}, {"circle": 1}),
])  # fmt: skip
async def test_chart_is_an_image_with_a_mark_for_each_number(
    world: World, name: str, given: dict[str, Any], marks: dict[str, int]
) -> None:
    (message,) = await answers(world, "chart", name, **given)
    assert (message.kind, message.text, message.name) == ("image", "image/svg+xml", f"{name}.svg")
    root = ET.fromstring(message.value)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert {kind: names.count(kind) for kind in marks} == marks
    assert "script" not in names
    for label in str(given.get("x_axis", given.get("categories", ""))).replace(";", ",").split(","):
        assert label in "".join(root.itertext())


@pytest.mark.parametrize(("name", "data"), [
    ("bar_chart", "many"), ("bar_chart", ""), ("line_chart", "1,inf"), ("pie_chart", "0,0"), ("pie_chart", "1,-1"),
])  # fmt: skip
async def test_chart_of_no_data_says_so(world: World, name: str, data: str) -> None:
    assert "numbers" in await text(world, "chart", name, data=data)


# webscraper

_PAGE = """<html><head><title> The  Title</title><meta name=author content="Ann"><style>p {}</style></head><body>
<nav>Menu</nav><article><h1>Head</h1><p>First <b>bold</b> line.<p>Second&amp;<br>third</article>
<script>alert("no")</script><footer>Foot</footer></body></html>"""


async def test_webscraper_reads_what_a_page_is_about(world: World) -> None:
    async with WebServer() as site:
        site.pages["/a"] = (200, {"Content-Type": "text/html; charset=utf-8"}, _PAGE.encode())
        site.redirect("/r", "/a")
        assert await text(world, "webscraper", "webscraper", url=f"{site.url}/r") == (
            "TITLE: The Title\nAUTHOR: Ann\nTEXT:\n\nHead\nFirst bold line.\nSecond&\nthird"
        )
        site.pages["/j"] = (200, {"Content-Type": "application/json"}, b'{"a": 1}')
        assert await text(world, "webscraper", "webscraper", url=f"{site.url}/j") == '{"a": 1}'
        site.pages["/p"] = (200, {"Content-Type": "image/png"}, b"\x89")
        assert "Unsupported content-type [image/png]" in await text(world, "webscraper", "webscraper", url=f"{site.url}/p")
        assert "status code 404" in await text(world, "webscraper", "webscraper", url=f"{site.url}/none")


async def test_webscraper_reads_no_private_address() -> None:
    async with WebServer() as site:
        outbound = Outbound()
        world = World(outbound, Runner(), lambda: datetime.now(UTC))
        with pytest.raises(ToolFaultError, match="not on the public internet"):
            await text(world, "webscraper", "webscraper", url=f"{site.url}/a")
        await outbound.close()
        assert not site.calls


def test_every_provider_is_known_by_both_of_its_names() -> None:
    for provider in catalogue.PROVIDERS:
        assert catalogue.provider_named(provider.name) is provider
        assert catalogue.provider_named(f"langgenius/{provider.name}/{provider.name}") is provider
    assert catalogue.provider_named("nobody/knows/it") is None
