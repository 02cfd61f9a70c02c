"""Checks of query and body fields, told all at once (errors.md 1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from server.kit.errors import AppError, invalid_param
from server.kit.ids import canonical, is_uuid


class Checks:
    """Collects what is wrong with one payload; ``done`` raises it as one ``invalid_param``.

    ``model`` names the payload in the message. A value that failed a check is returned as its
    default, so call ``done`` before using any.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._problems: list[str] = []

    def number(self, field: str, value: int | None, default: int, low: int, high: int) -> int:
        """A whole number in ``low..high``; ``default`` when it was not sent."""
        if value is None:
            return default
        if value < low:
            self.add(field, f"Input should be greater than or equal to {low}", "greater_than_equal", str(value))
        elif value > high:
            self.add(field, f"Input should be less than or equal to {high}", "less_than_equal", str(value))
        return value

    def choice(self, field: str, value: str, allowed: Sequence[str], default: str = "") -> str:
        """One of ``allowed``; ``default`` when empty and there is one."""
        if not value and default:
            return default
        if value not in allowed:
            *most, last = (repr(name) for name in allowed)
            self.add(field, f"Input should be {', '.join(most)} or {last}", "literal_error", value)
        return value

    def uuid(self, field: str, value: str, *, required: bool = False) -> str:
        """A UUID in its canonical spelling, or "" when it was not sent."""
        if not value:
            self.present(field, not required)
            return ""
        if not is_uuid(value):
            self.add(field, f"Value error, {field} must be a valid UUID", "value_error", value)
            return ""
        return canonical(value)

    def present(self, field: str, sent: bool) -> None:
        """A field that must be sent."""
        if not sent:
            self._problems.append(f"{field}\n  Field required [type=missing]")

    def add(self, field: str, reason: str, kind: str, value: str) -> None:
        """Note a problem of a text field."""
        shown = repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
        self._problems.append(f"{field}\n  {reason} [type={kind}, input_value={shown}, input_type=str]")

    def done(self) -> None:
        """Raises ``invalid_param`` when anything was wrong."""
        if self._problems:
            raise self.error()

    def error(self) -> AppError:
        """Everything that is wrong, as one error."""
        count = len(self._problems)
        heading = f"{count} validation error{'' if count == 1 else 's'} for {self._model}"
        return invalid_param("\n".join([heading, *self._problems]))


_SHOWN = 100


def id_or_none(text: str) -> str | None:
    """An id of a path, canonical; None when it is no UUID and so cannot exist (service-api.md 1.3)."""
    return canonical(text) if is_uuid(text) else None
