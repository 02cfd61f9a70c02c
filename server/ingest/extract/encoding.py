"""The text of bytes whose encoding nobody told."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from server.ingest.extract.limits import ExtractError

_SAMPLE = 1 << 18  # bytes that the detector sees; its time is bounded by them
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TELLING = 8
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")


def read_text(path: Path) -> str:
    """The whole file, line breaks as newlines. Raises ExtractError when no encoding fits."""
    return decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes, declared: str = "") -> str:
    """Text of bytes: by byte order mark, UTF-8, the ``declared`` encoding, then by what the bytes look like."""
    for encoding in _likely(data, declared):
        try:
            return data.decode(encoding)
        except (ValueError, LookupError):  # UnicodeError is a ValueError
            continue
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") * 100 <= (len(text) - len(text.encode("ascii", "ignore"))):
        return text
    # A page or a message that says its encoding may have bad bytes; else the whole must fit.
    for encoding, errors in ((_detected(data), "strict"), (declared, "replace")):
        try:
            return data.decode(encoding, errors)
        except (ValueError, LookupError):  # UnicodeError is a ValueError
            continue
    raise ExtractError("The encoding of the file could not be told; save it as UTF-8.")


def _likely(data: bytes, declared: str) -> list[str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return [encoding]
    head = data[:4096]
    zeros = head.count(0)
    if zeros > len(head) // 4:
        return ["utf-16-le" if head[1::2].count(0) * 2 > zeros else "utf-16-be"]
    return ["utf-8", declared] if declared else ["utf-8"]


def _detected(data: bytes) -> str:
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE:
        # Not in the middle of a character.
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b" "), 0) or _SAMPLE]
    if _looks_chinese(sample):
        return "gb18030"
    best = from_bytes(sample).best()
    return best.encoding if best else ""


def _looks_chinese(sample: bytes) -> bool:
    """Whether the bytes are GBK: the detector takes short Chinese texts for Korean.

    Nearly all pairs are GB2312 symbols or frequent characters; of these, many have the lead bytes that
    Korean syllables never use, few are kana, and the second bytes are spread, as they are not in KOI8-R.
    A word too short to tell is taken for Chinese.
    """
    pairs = _PAIR.findall(sample)
    common = [pair for pair in pairs if 0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1]
    symbols = sum(pair[0] in {0xA1, 0xA3} and pair[1] >= 0xA1 for pair in pairs)
    beyond_korean = sum(pair[0] >= 0xC9 for pair in common)
    narrow = sum(0xC0 <= pair[1] <= 0xDF for pair in common)
    return (
        bool(common)
        and (len(common) + symbols) * 10 >= len(pairs) * 9
        and (beyond_korean * 7 >= len(common) or len(common) < _TELLING)
        and (narrow * 10 <= len(common) * 9 or len(common) == 1)
    )
