"""Secret environment variables: sealed at rest, shown as asterisks, kept by a mark (app-dsl.md section 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from server.kit.crypto import Sealer
from server.workflow.model import Variable

MASK = "*" * 20
KEPT = "[__HIDDEN__]"


def sealed(variables: Iterable[Variable], sealer: Sealer, stored: Sequence[Variable] = ()) -> list[Variable]:
    """Variables to store. A secret sent as the mark, or as it was shown, keeps what is stored under its id."""
    known = {item["id"]: item["value"] for item in stored if item["value_type"] == "secret"}
    return [_changed(item, lambda text, item=item: _seal(item, text, known, sealer)) for item in variables]  # type: ignore[misc]


def _seal(item: Variable, text: str, known: Mapping[str, str], sealer: Sealer) -> str:
    if text in {KEPT, MASK} and item["id"] in known:
        return known[item["id"]]
    return sealer.seal(text)


def opened(variables: Iterable[Variable], sealer: Sealer) -> list[Variable]:
    """Variables with their secrets in clear, for runs and exports that ask for them."""
    return [_changed(item, sealer.open) for item in variables]


def masked(variables: Iterable[Variable], mask: str = MASK) -> list[Variable]:
    """Variables to show."""
    return [_changed(item, lambda _: mask) for item in variables]


def _changed(item: Variable, change: Callable[[str], str]) -> Variable:
    return {**item, "value": change(item["value"])} if item["value_type"] == "secret" else item
