"""The provider ``webscraper``: a page as readable text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from server.engine.nodes import http_files
from server.engine.ports import ToolFaultError, ToolMessage
from server.kit.outbound import OutboundError, Request, Timeouts
from server.tools.builtin import readable
from server.tools.builtin.part import Field, Provider, Tool, World, told

_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
_MOST_BYTES = 5 * 1024 * 1024
_MOST_TEXT = 400_000
_TIMES = Timeouts(connect=10, read=30, write=20)
_PLAIN = ("application/json", "application/xml", "application/rss+xml", "application/atom+xml")


async def _webscraper(world: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    url = str(given.get("url") or "").strip()
    if not url:
        yield told("Please input url")
        return
    headers = [("User-Agent", str(given.get("user_agent") or _AGENT)), ("Accept", "text/html,*/*;q=0.8")]
    try:
        answer = await world.outbound.request(Request("GET", url, headers, timeouts=_TIMES), _MOST_BYTES)
    except OutboundError as error:
        raise ToolFaultError(str(error)) from error
    if answer.status != 200:
        yield told(f"URL returned status code {answer.status}.")
        return
    kind = http_files.media_type(answer.headers) or "text/html"
    if kind not in _PLAIN and not kind.startswith("text/") and kind != "application/xhtml+xml":
        yield told(f"Unsupported content-type [{kind}] of URL.")
        return
    text = http_files.text_of(answer.headers, answer.body)
    yield told(await asyncio.to_thread(_shown, text) if "html" in kind else text[:_MOST_TEXT])


def _shown(html: str) -> str:
    title, author, text = readable.page(html)
    if not text:
        return "No content found."
    return f"TITLE: {title}\nAUTHOR: {author}\nTEXT:\n\n{text[:_MOST_TEXT]}"


PROVIDER = Provider(
    "webscraper", ("WebScraper", "网页抓取"),
    ("Web Scraper tool kit is used to scrape web", "一个用于抓取网页的工具。"), ("productivity",),
    (
        Tool(
            "webscraper", ("Web Scraper", "网页爬虫"),
            "A tool for scraping webpages. Input should be a URL.",
            (
                Field("url", ("URL", "网页链接"), "url for scraping"),
                Field(
                    "user_agent", ("User Agent", "User Agent"), "used for identifying the browser.", required=False,
                    form="form", default=_AGENT,
                ),
            ),
            _webscraper,
        ),
    ),
)
