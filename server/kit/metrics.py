"""Numbers that a process counts, in the text form that Prometheus reads.

Counting is a dictionary look-up and an addition; all work is left to whoever asks for the text.
What is counted on several threads at once may miss one now and then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[str, ...]


class Counter:
    """A number for each set of labels. It only grows, unless it is a ``gauge``."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = (), *, gauge: bool = False) -> None:
        self.name = name
        self.values: dict[Labels, float] = {}
        self._text = text
        self._labels = tuple(labels)
        self._kind = "gauge" if gauge else "counter"
        if not labels:
            self.values[()] = 0

    def add(self, labels: Labels = (), by: float = 1) -> None:
        """Count."""
        values = self.values
        values[labels] = values.get(labels, 0) + by

    def lines(self) -> list[str]:
        """The text."""
        named = [(_named(self._labels, labels), value) for labels, value in sorted(self.values.items())]
        return [*_head(self.name, self._text, self._kind), *(f"{self.name}{at} {_number(to)}" for at, to in named)]


class Histogram:
    """How many took how long, for each set of labels. ``bounds`` are seconds."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self.name = name
        self._text = text
        self._labels = tuple(labels)
        self._bounds = tuple(bounds)
        # The counts between the bounds, above the last one, and the sum.
        self._rows: dict[Labels, list[float]] = {}

    def observe(self, labels: Labels, seconds: float) -> None:
        """Count one that took so long."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, seconds)] += 1
        row[-1] += seconds

    def lines(self) -> list[str]:
        """The text, with counts up to each bound, as its readers want them."""
        found = _head(self.name, self._text, "histogram")
        bounds = [*(_number(bound) for bound in self._bounds), "+Inf"]
        for labels, row in sorted(self._rows.items()):
            total = 0.0
            for bound, count in zip(bounds, row[:-1], strict=True):
                total += count
                found.append(f"{self.name}_bucket{_named((*self._labels, 'le'), (*labels, bound))} {_number(total)}")
            at = _named(self._labels, labels)
            found += [f"{self.name}_sum{at} {_number(row[-1])}", f"{self.name}_count{at} {_number(total)}"]
        return found


def gauge(name: str, text: str, values: Mapping[Labels, float], labels: Sequence[str] = ()) -> Counter:
    """Numbers as they are at this moment."""
    made = Counter(name, text, labels, gauge=True)
    made.values = dict(values)
    return made


def page(families: Iterable[Counter | Histogram]) -> str:
    """The whole text."""
    return "\n".join(line for family in families for line in family.lines()) + "\n"


def _head(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _named(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
