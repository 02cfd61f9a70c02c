"""Random templates: what is rendered in the server is to the letter what Jinja renders, errors included."""

from __future__ import annotations

import random
from collections.abc import Callable

from jinja2.sandbox import SandboxedEnvironment

from server.sandbox.model import TemplateFaultError
from server.sandbox.templates import Templates

_VALUES = {
    "s": "héllo", "n": 3, "f": -1.5, "b": True, "z": None, "l": ["a", 2, None], "e": [], "big": 10**30,
    "d": {"k": "v", "items": 1, "x": {"y": [1, {"q": "r"}]}}, "r": [{"t": "1", "u": [1, 2]}, {"t": "2", "u": []}],
}  # fmt: skip
_PATHS = (".k", ".t", ".x.y", ".items", "[0]", "['k']", "[-1]", "[1:]", "[:2]", ".u", ".index", ".first", ".nope")
_FILTERS = (
    "upper", "length", "default('q')", "d('x',true)", "first", "last", "int", "float", "abs", "trim", "string", "tojson",
    "join(',')", "join", "replace('a','b')", "lower", "round", "capitalize", "count", "trim('a')", "int(5)",
)  # fmt: skip


class _Author:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _one(self, *ways: Callable[[], str]) -> str:
        return self._random.choice(ways)()

    def expression(self, depth: int = 0) -> str:
        pick = self._random.choice
        if depth > 3 or self._random.random() < 0.3:
            return pick([*_VALUES, "missing", "k", "v", "loop", "1", "'a'", "''", "1.5", "true", "none", "-2", "[1,'b']"])
        inner = self.expression(depth + 1)
        return self._one(
            lambda: inner + pick(_PATHS),
            lambda: f"({inner})|{pick(_FILTERS)}",
            lambda: f"({inner} {pick(['~', '+', '-', '==', '<', 'in', 'and', 'or'])} {self.expression(depth + 1)})",
            lambda: f"({inner} if {self.expression(depth + 1)} else {self.expression(depth + 1)})",
            lambda: f"({inner} is {pick(['defined', 'none', 'string', 'in l', 'even', 'mapping'])})",
        )

    def template(self, depth: int = 0) -> str:
        pick = self._random.choice
        if depth > 2 or self._random.random() < 0.4:
            return pick(["{{ " + self.expression() + " }}"] * 3 + ["text\n", "{# c #}"])
        inner = self.template(depth + 1)
        rows = pick(["l", "r", "e", "d", "missing", "r[0].u", "[1,2]", "loop"]) + pick(["", " if k"])
        return self._one(
            lambda: "{% if " + self.expression() + " %}" + inner + "{% else %}" + self.template(depth + 1) + "{% endif %}",
            lambda: "{% for k in " + rows + " %}" + inner + pick(["", "{{ loop.index }}", "{{ loop.last }}"]) + "{% endfor %}",
            lambda: "{% for k, v in " + pick(["d", "d.x", "missing"]) + ".items() %}" + inner + "{% endfor %}",
        )


def _outcome(render: Callable[[], str | None]) -> str | None:
    try:
        return render()
    except TemplateFaultError as fault:
        return f"fault {fault}"
    except Exception as error:
        return f"fault {type(error).__name__}: {error}"


def test_random_templates_come_out_as_jinja_has_them() -> None:
    jinja, templates, author, here = SandboxedEnvironment(), Templates(), _Author(20), 0
    for _ in range(200):
        source = author.template() + author.template()
        ours = _outcome(lambda source=source: templates.render(source, _VALUES))
        if ours is not None:
            here += 1
            assert (source, ours) == (source, _outcome(lambda source=source: jinja.from_string(source).render(_VALUES)))
    assert here > 75
