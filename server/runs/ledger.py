"""What the models of a run cost, as rows that are written by the statement of its end (G8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import orjson
import sqlalchemy as sa

from server.db.usage_tables import usage_records


@dataclass(frozen=True, slots=True)
class Cost:
    """Some calls of one model; tokens as the provider reported them, unless ``is_estimated``."""

    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    price: Decimal
    currency: str = "USD"
    calls: int = 1
    is_estimated: bool = False


def ledger_text(costs: Iterable[Cost]) -> str:
    """The sums of each model as JSON, for ``LEDGER``. What cost no token is no row."""
    sums: dict[tuple[str, str, str], list[Cost]] = {}
    for cost in costs:
        if cost.prompt_tokens or cost.completion_tokens:
            sums.setdefault((cost.provider, cost.model, cost.currency), []).append(cost)
    lines = [_line(at, key, found) for at, (key, found) in enumerate(sums.items())]
    return orjson.dumps(lines).decode()


def _line(position: int, key: tuple[str, str, str], costs: Sequence[Cost]) -> dict[str, object]:
    return {
        "position": position, "provider": key[0], "model": key[1], "currency": key[2],
        "calls": sum(cost.calls for cost in costs), "prompt_tokens": sum(cost.prompt_tokens for cost in costs),
        "completion_tokens": sum(cost.completion_tokens for cost in costs),
        "price": str(sum((cost.price for cost in costs), Decimal(0))),
        "is_estimated": any(cost.is_estimated for cost in costs),
    }


# Columns that the run itself tells, as its ended row returns them.
_OF_RUN = ("task_id", "tenant_id", "app_id", "api_key_id", "end_user_id", "mode")
_OF_LINE = (
    "position", "provider", "model", "calls", "prompt_tokens", "completion_tokens", "price", "currency", "is_estimated",
)  # fmt: skip
RETURNED = ", ".join(_OF_RUN)
_TYPES = ", ".join(f"{name} {usage_records.c[name].type.compile()}" for name in _OF_LINE)
# Part of a statement, after the one that is named ``ended``. ``:usage`` is JSON text.
LEDGER = f""", ledger AS (
  INSERT INTO usage_records ({RETURNED}, {", ".join(_OF_LINE)})
  SELECT {", ".join(f"ended.{name}" for name in _OF_RUN)}, {", ".join(f"line.{name}" for name in _OF_LINE)}
  FROM ended, json_to_recordset(CAST(:usage AS json)) AS line({_TYPES})
)"""  # noqa: S608 - names of columns


def ledger_of(ended: sa.CTE) -> sa.CTE:
    """The same part, beside the statement that ended the run; ``b_usage`` is JSON text."""
    given = sa.cast(sa.bindparam("b_usage", type_=sa.Text), sa.JSON)
    columns = [sa.column(name, usage_records.c[name].type) for name in _OF_LINE]
    line = sa.func.json_to_recordset(given).table_valued(*columns).render_derived(name="line", with_types=True)
    values = [*(ended.c[name] for name in _OF_RUN), *(line.c[name] for name in _OF_LINE)]
    rows = sa.select(*values).select_from(ended.join(line, sa.true()))
    return sa.insert(usage_records).from_select([*_OF_RUN, *_OF_LINE], rows, include_defaults=False).cte("ledger")


def run_columns(runs: sa.Table) -> list[sa.Column[object]]:
    """What the statement that ends a run returns for ``ledger_of``."""
    return [runs.c[name] for name in _OF_RUN]
