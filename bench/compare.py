"""Rounds of load on the product and on the reference in turn, so that a busy machine treats both alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.load import Order, Seen, run
from bench.meter import Meter
from bench.world import Target, warm


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure."""

    rounds: int = 5
    seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One round on one target. CPU is microseconds an answer, by part."""

    rate: float
    event_rate: float
    p50: float
    p99: float
    first_p50: float
    cpu: dict[str, float]
    generator_busy: float
    failed: int
    failures: tuple[str, ...] = ()

    @property
    def all_cpu(self) -> float:
        """CPU of all parts, microseconds an answer."""
        return sum(self.cpu.values())


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values are; 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measured(seen: Seen, cpu: dict[str, float]) -> Measured:
    """A round's figures from what the generator saw and the parts used."""
    answers = max(1, seen.answers)
    return Measured(
        rate=seen.rate, event_rate=seen.event_rate, p50=percentile(seen.total_ms, 0.5),
        p99=percentile(seen.total_ms, 0.99), first_p50=percentile(seen.first_ms, 0.5),
        cpu={name: used / answers * 1e6 for name, used in cpu.items()},
        generator_busy=seen.busy, failed=seen.failed, failures=tuple(seen.failures),
    )


def once(target: Target, requests: Sequence[str], clients: int, seconds: float) -> Measured:
    """One round of a closed loop."""
    meter = Meter(target.parts)
    seen = run(Order(port=target.port, requests=requests, clients=clients, seconds=seconds))
    return measured(seen, meter.read())


@dataclass(slots=True)
class Comparison:
    """Rounds of one case on two targets."""

    product: list[Measured] = field(default_factory=list)
    bare: list[Measured] = field(default_factory=list)

    def ratio(self, of: Callable[[Measured], float]) -> float:
        """The median over the rounds of product / bare."""
        return median(of(mine) / max(of(theirs), 1e-9) for mine, theirs in zip(self.product, self.bare, strict=True))

    @property
    def cpu_ratio(self) -> float:
        """What the bare parts use, as a share of what the product's parts use; other load moves it little."""
        return median(theirs.all_cpu / mine.all_cpu for mine, theirs in zip(self.product, self.bare, strict=True))

    @property
    def failed(self) -> int:
        """Answers that were not good."""
        return sum(each.failed for each in (*self.product, *self.bare))

    @property
    def failures(self) -> list[str]:
        """Some of what went wrong."""
        return [text for each in (*self.product, *self.bare) for text in each.failures][:5]


def compare(
    product: Target, bare: Target, requests: Sequence[str], options: Options, *, clients: int
) -> Comparison:
    """Interleaved rounds: bare, product, bare, product, ..."""
    found = Comparison()
    for target in (bare, product):
        warm(target, requests, clients)
    for _ in range(options.rounds):
        found.bare.append(once(bare, requests, clients, options.seconds))
        found.product.append(once(product, requests, clients, options.seconds))
    return found


def middle(rounds: Sequence[Measured]) -> Measured:
    """The median of every figure."""
    return Measured(
        rate=median(each.rate for each in rounds), event_rate=median(each.event_rate for each in rounds),
        p50=median(each.p50 for each in rounds), p99=median(each.p99 for each in rounds),
        first_p50=median(each.first_p50 for each in rounds),
        cpu={name: median(each.cpu[name] for each in rounds) for name in rounds[0].cpu},
        generator_busy=median(each.generator_busy for each in rounds), failed=sum(each.failed for each in rounds),
    )
