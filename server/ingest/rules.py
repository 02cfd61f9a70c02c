"""Process rules: how the text of a document is cleaned and split (dataset-api.md 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT, QA, HIERARCHICAL = "text_model", "qa_model", "hierarchical_model"
DOC_FORMS = (TEXT, QA, HIERARCHICAL)

SHORTEST = 50
LONGEST = 4000
"""Bounds of a chunk, in characters (the fields are called tokens all the same)."""

_MODES = ("automatic", "custom", "hierarchical")
_PARENT_MODES = ("full-doc", "paragraph")


class RuleError(ValueError):
    """A rule that cannot be followed; the text is shown to the caller."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Where to cut. ``max_tokens`` and ``chunk_overlap`` are characters."""

    separator: str = "\n"
    max_tokens: int = 500
    chunk_overlap: int = 50

    def as_document(self) -> dict[str, Any]:
        """The API's JSON."""
        return {"separator": self.separator, "max_tokens": self.max_tokens, "chunk_overlap": self.chunk_overlap}


@dataclass(frozen=True, slots=True)
class ProcessRule:
    """One checked rule. ``pre_processing`` holds every id that was sent, known or not, with its switch."""

    mode: str
    pre_processing: tuple[tuple[str, bool], ...]
    segmentation: Segmentation
    parent_mode: str | None = None
    subchunk: Segmentation | None = None

    @property
    def removes_extra_spaces(self) -> bool:
        """Whether runs of spaces and of empty lines shrink."""
        return dict(self.pre_processing).get("remove_extra_spaces", False)

    @property
    def removes_urls_emails(self) -> bool:
        """Whether addresses are deleted."""
        return dict(self.pre_processing).get("remove_urls_emails", False)

    @property
    def is_full_doc(self) -> bool:
        """Whether a hierarchical document has one parent, the whole of it."""
        return self.parent_mode == "full-doc"

    def as_document(self) -> dict[str, Any]:
        """The JSON to store and to show; ``parse_rule`` of it gives this rule again.

        Rules that nobody wrote (automatic, the fallback) carry ``delimiter`` too, which is how
        Dify spells their separator.
        """
        segmentation = self.segmentation.as_document()
        if self in (AUTOMATIC, FALLBACK):
            segmentation["delimiter"] = self.segmentation.separator
        rules: dict[str, Any] = {
            "pre_processing_rules": [{"id": name, "enabled": on} for name, on in self.pre_processing],
            "segmentation": segmentation,
        }
        if self.mode != "automatic":
            rules["parent_mode"] = self.parent_mode
            rules["subchunk_segmentation"] = self.subchunk.as_document() if self.subchunk else None
        return {"mode": self.mode, "rules": rules}


_DEFAULT_CLEANING = (("remove_extra_spaces", True), ("remove_urls_emails", False))

AUTOMATIC = ProcessRule("automatic", _DEFAULT_CLEANING, Segmentation("\n", 500, 50))
"""What mode ``automatic`` means."""

FALLBACK = ProcessRule("custom", _DEFAULT_CLEANING, Segmentation("\n", 1024, 50))
"""What is shown for a dataset without any rule; nothing is indexed by it."""


def parse_rule(document: Mapping[str, Any] | None, *, doc_form: str, longest: int = LONGEST) -> ProcessRule:
    """Check a ``process_rule`` (sent or stored) for a document of that form; None means automatic.

    Everything that could only fail later, in the worker, is refused here with the worker's text:
    lengths outside 50..``longest``, an overlap beyond the length, children without a rule.
    Raises RuleError with the first problem.
    """
    if doc_form not in DOC_FORMS:
        raise RuleError("Invalid doc_form.")
    mode = "automatic" if document is None else _mode(document)
    if mode == "automatic" or document is None:
        if doc_form == HIERARCHICAL:
            raise RuleError("Process rule mode automatic gives no segments for doc_form hierarchical_model.")
        return AUTOMATIC
    rules = _mapping(document, "rules", "Process rule rules")
    pre_processing = _pre_processing(rules)
    nested = doc_form == HIERARCHICAL
    parent_mode = _parent_mode(rules, nested=nested)
    any_length = nested and parent_mode == "full-doc"
    segmentation = _segmentation(rules, "segmentation", any_length=any_length)
    if not any_length:
        _check_lengths(segmentation, longest)
    subchunk = None
    if rules.get("subchunk_segmentation") is not None:
        subchunk = _segmentation(rules, "subchunk_segmentation", any_length=not nested)
    if nested:
        if subchunk is None:
            raise RuleError("No subchunk segmentation found in rules.")
        _check_lengths(subchunk, longest)
    return ProcessRule(mode, pre_processing, segmentation, parent_mode, subchunk)


def _mode(document: Mapping[str, Any]) -> str:
    mode = document.get("mode")
    if mode is None or mode == "":
        raise RuleError("Process rule mode is required")
    if mode not in _MODES:
        raise RuleError("Process rule mode is invalid")
    return str(mode)


def _mapping(document: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None or value == {}:
        raise RuleError(f"{name} is required")
    if not isinstance(value, Mapping):
        raise RuleError(f"{name} is invalid")
    return value


def _pre_processing(rules: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    sent = rules.get("pre_processing_rules")
    name = "Process rule pre_processing_rules"
    if sent is None:
        raise RuleError(f"{name} is required")
    if not isinstance(sent, (list, tuple)) or not all(isinstance(rule, Mapping) for rule in sent):
        raise RuleError(f"{name} is invalid")
    switches: dict[str, bool] = {}
    for rule in sent:
        for key, kind in (("id", str), ("enabled", bool)):
            if rule.get(key) is None:
                raise RuleError(f"{name} {key} is required")
            if not isinstance(rule[key], kind):
                raise RuleError(f"{name} {key} is invalid")
        switches[rule["id"]] = rule["enabled"]
    return tuple(switches.items())


def _parent_mode(rules: Mapping[str, Any], *, nested: bool) -> str | None:
    mode = rules.get("parent_mode")
    if mode is None:
        return "paragraph" if nested else None
    if mode not in _PARENT_MODES:
        raise RuleError("Process rule parent_mode is invalid")
    return str(mode)


def _segmentation(rules: Mapping[str, Any], key: str, *, any_length: bool) -> Segmentation:
    name = f"Process rule {key}"
    sent = _mapping(rules, key, name)
    separator = sent.get("separator", "\n")
    if separator is None or separator == "":
        raise RuleError(f"{name} separator is required")
    if not isinstance(separator, str):
        raise RuleError(f"{name} separator is invalid")
    length = _whole(sent.get("max_tokens"), f"{name} max_tokens")
    if length == 0 and not any_length:
        raise RuleError(f"{name} max_tokens is required")
    return Segmentation(separator, length, _whole(sent.get("chunk_overlap"), f"{name} chunk_overlap"))


def _whole(value: object, name: str) -> int:
    """A whole number from 0; JSON that came through a protobuf Struct has it as a float."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or value < 0:
        raise RuleError(f"{name} is invalid")
    return int(value)


def _check_lengths(segmentation: Segmentation, longest: int) -> None:
    length, overlap = segmentation.max_tokens, segmentation.chunk_overlap
    if not SHORTEST <= length <= longest:
        raise RuleError(f"Custom segment length should be between {SHORTEST} and {longest}.")
    if overlap > length:
        raise RuleError(f"Got a larger chunk overlap ({overlap}) than chunk size ({length}), should be smaller.")
