"""The input form: declared variables and the check of what a caller sends.

feature-semantics.md section 5, app-dsl.md section 3. A form is compiled once per
configuration; checking a request costs microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from server.kit.errors import invalid_param
from server.kit.plain import clean, clean_text

Kind = Literal["text-input", "paragraph", "select", "number", "checkbox", "file", "file-list", "json_object"]
KINDS = frozenset(get_args(Kind))

FILE_KINDS = frozenset({"file", "file-list"})
_OBJECT_KINDS = frozenset({"file", "json_object"})
_TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
_FALSE_WORDS = frozenset({"false", "0", "no", "off"})
_SHOWN_VALUE = 100
"""How many characters of a refused value an error message repeats."""


@dataclass(frozen=True, slots=True)
class InputField:
    """One declared variable. ``max_length`` 0 means no limit; it counts files for a file list."""

    variable: str
    kind: Kind
    label: str = ""
    required: bool = False
    default: Any = None
    max_length: int = 0
    options: tuple[str, ...] = ()
    file_types: tuple[str, ...] = ()
    file_extensions: tuple[str, ...] = ()
    file_methods: tuple[str, ...] = ()


def compile_form(entries: object) -> tuple[InputField, ...]:
    """Compile a ``user_input_form``: a list of one-key maps ``{type: control}``.

    Lenient, since stored data may be old: what cannot be understood is left out. Variables of
    external data tools are left out too, for a client never sets them (feature-semantics.md 5.1).
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return ()
    pairs = (next(iter(entry.items())) for entry in entries if isinstance(entry, Mapping) and entry)
    return _unique(_field(kind, control) for kind, control in pairs)


def compile_variables(variables: object) -> tuple[InputField, ...]:
    """Compile the ``variables`` of a graph's start node: flat maps with a ``type`` key."""
    if not isinstance(variables, Sequence) or isinstance(variables, str):
        return ()
    return _unique(_field(entry.get("type"), entry) for entry in variables if isinstance(entry, Mapping))


def validate_inputs(
    form: Sequence[InputField], inputs: Mapping[str, Any] | None, *, graph: bool = False
) -> dict[str, Any]:
    """Check the inputs of one call; the order of rules is feature-semantics.md 5.2.

    Every declared variable is in the result, null when it was not given; undeclared keys are
    dropped. ``graph`` applies declared defaults. File values stay as they were sent: resolve
    them with ``server.chat.files``. Raises invalid_param.
    """
    given = inputs or {}
    checked = {field.variable: _check(field, given.get(field.variable), graph=graph) for field in form}
    misplaced = [field.variable for field in form if _is_misplaced(field, checked[field.variable])]
    if misplaced:
        raise invalid_param(f"Invalid input type for {misplaced}")
    return checked


def _check(field: InputField, value: Any, *, graph: bool) -> Any:
    if value is None:
        if field.required:
            raise invalid_param(f"{field.variable} is required in input form")
        value = field.default if graph else None
        if value is None:
            return None
    value = _RULES[field.kind](field, value)
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, (list, Mapping)):
        return _clean_tree(field, value)
    return value


def _clean_tree(field: InputField, value: Any) -> Any:
    try:
        return clean(value)
    except ValueError as error:
        raise invalid_param(f"{field.variable} in input form is not valid: {error}") from error


def _is_misplaced(field: InputField, value: object) -> bool:
    if isinstance(value, Mapping):
        return field.kind not in _OBJECT_KINDS
    if isinstance(value, list):
        return field.kind != "file-list" and any(isinstance(item, Mapping) for item in value)
    return False


def _text(field: InputField, value: object) -> str:
    if not isinstance(value, str):
        raise invalid_param(f"(type '{field.kind}') {field.variable} in input form must be a string")
    return value


def _short_text(field: InputField, value: object) -> str:
    text = _text(field, value)
    if field.max_length and len(text) > field.max_length:
        raise invalid_param(f"{field.variable} in input form must be less than {field.max_length} characters")
    return text


def _select(field: InputField, value: object) -> str:
    text = _text(field, value)
    if text not in field.options:
        options = list(field.options)
        raise invalid_param(f"{field.variable} in input form must be one of the following: {options}")
    return text


def _number(field: InputField, value: object) -> float | None:
    if isinstance(value, str):
        value = _parse_number(field, value)
        if value is None:
            return None
    if not isinstance(value, (int, float)):
        raise invalid_param(
            f"{field.variable} in input form must be a valid number: expected value type int, float or str, "
            f"got {type(value).__name__}, value: {str(value)[:_SHOWN_VALUE]}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise _not_a_number(field)
    return value


def _parse_number(field: InputField, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise _not_a_number(field) from None


def _not_a_number(field: InputField) -> Exception:
    return invalid_param(f"{field.variable} in input form must be a valid number")


def _checkbox(_field: InputField, value: object) -> object:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else value
    if isinstance(value, (int, float)) and value in {0, 1}:
        return bool(value)
    return value


def _file(field: InputField, value: object) -> object:
    if value == "" and not field.required:
        return None
    if not isinstance(value, Mapping):
        raise invalid_param(f"{field.variable} in input form must be a file")
    return value


def _file_list(field: InputField, value: object) -> object:
    if value == "" and not field.required:
        return None
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise invalid_param(f"{field.variable} in input form must be a list of files")
    if field.max_length and len(value) > field.max_length:
        raise invalid_param(f"{field.variable} in input form must be less than {field.max_length} files")
    return value


def _json_object(field: InputField, value: object) -> object:
    if value and not isinstance(value, Mapping):
        raise invalid_param(f"{field.variable} in input form must be a dict")
    return value


_RULES: Mapping[str, Callable[[InputField, Any], Any]] = {
    "text-input": _short_text,
    "paragraph": _short_text,
    "select": _select,
    "number": _number,
    "checkbox": _checkbox,
    "file": _file,
    "file-list": _file_list,
    "json_object": _json_object,
}


def _unique(fields: Iterable[InputField | None]) -> tuple[InputField, ...]:
    """Keep the first declaration of each variable."""
    found: dict[str, InputField] = {}
    for field in fields:
        if field is not None:
            found.setdefault(field.variable, field)
    return tuple(found.values())


def _field(kind: object, control: object) -> InputField | None:
    if not isinstance(control, Mapping):
        return None
    variable = control.get("variable")
    # Files written by generators say "string", which means a text input (app-dsl.md section 3).
    kind = "text-input" if kind == "string" else kind
    if kind not in KINDS or not isinstance(variable, str) or not variable:
        return None
    return InputField(
        variable=variable,
        kind=cast("Kind", kind),
        label=str(control.get("label") or variable),
        required=control.get("required") is True,
        default=control.get("default"),
        max_length=_whole(control.get("max_length")),
        options=_words(control.get("options")),
        file_types=_words(control.get("allowed_file_types")),
        file_extensions=_words(control.get("allowed_file_extensions")),
        file_methods=_words(control.get("allowed_file_upload_methods")),
    )


def _whole(value: object) -> int:
    """A limit that may be stored as a number, as its text, or not at all."""
    if isinstance(value, (int, float)) and math.isfinite(value):
        return max(int(value), 0)
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= 18 else 0


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
