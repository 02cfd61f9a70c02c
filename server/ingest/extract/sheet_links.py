"""Where the linked cells of an xlsx workbook lead."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from server.ingest.extract.xml_tree import Element, parsed

_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_OPEN = re.compile(rb"<(?:\w+:)?hyperlinks\b")
_CLOSE = re.compile(rb"</(?:\w+:)?hyperlinks\s*>")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_BLOCK = 1 << 20
_LONGEST = 1 << 24


def links_by_sheet(path: Path) -> dict[str, dict[tuple[int, int], str]]:
    """Sheet name -> (row, column), both from 0 -> address. A range counts by its first cell."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        targets = _targets(archive, names, "xl/workbook.xml")
        links = {}
        for sheet in parsed(archive.read("xl/workbook.xml")).iter("{*}sheet"):
            part = targets.get(sheet.get(f"{_RELATIONS}id", ""), "")
            addresses = _targets(archive, names, part)
            if addresses and part in names:
                with archive.open(part) as file:
                    links[sheet.get("name", "")] = dict(_cells(file, addresses))
        return links


def _targets(archive: zipfile.ZipFile, names: set[str], part: str) -> dict[str, str]:
    """Relations of a part: id -> target; those inside the package as a path from its root."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in names:
        return {}
    found = {}
    for relation in parsed(archive.read(relations)).iter("{*}Relationship"):
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        found[relation.get("Id", "")] = target
    return found


def _cells(sheet: IO[bytes], addresses: dict[str, str]) -> Iterator[tuple[tuple[int, int], str]]:
    for link in _hyperlinks(sheet):
        address = addresses.get(link.get(f"{_RELATIONS}id", ""))
        cell = _REFERENCE.match(link.get("ref", ""))
        if address and cell:
            yield (int(cell[2]) - 1, _column(cell[1])), address


def _hyperlinks(sheet: IO[bytes]) -> list[Element]:
    """The links stand behind the cells, so only the end of the sheet is parsed."""
    tail = b""
    while block := sheet.read(_BLOCK):
        tail += block
        if found := _OPEN.search(tail):
            tail = tail[found.start() :] + sheet.read(_LONGEST)
            close = _CLOSE.search(tail)
            # The element's prefixes are declared on the sheet: read without them.
            wrapped = b'<x xmlns:r="%s">%s</x>' % (_RELATIONS[1:-1].encode(), tail[: close.end()] if close else b"")
            return list(parsed(wrapped, recover=True).iter("{*}hyperlink"))
        tail = tail[-64:]
    return []


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
