"""Templates: which are rendered in the server itself, and that both ways give the same."""

from __future__ import annotations

import time

import pytest

from server.engine.ports import CodeFaultError
from server.sandbox.templates import Templates
from tests.sandbox.conftest import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

_VALUES = {
    "name": "海", "none": None, "n": 3, "f": 1.5, "yes": True, "empty": [], "words": ["a", "b", "c"],
    "rows": [{"title": "one", "score": 0.5}, {"title": "<two>", "score": None}], "deep": {"a": {"b": ["x"]}},
}  # fmt: skip
_HERE = (
    "plain", "{{ name }}", "{{ none }}|{{ missing }}|{{ deep.a.b[0] }}|{{ deep['a'] }}|{{ deep.zz }}|{{ words }}",
    "line\n", "{{ rows[0].title }} {{ words[9] }} {{ '<b>' }} {{ yes }} {{ f }}",
    "{% if n > 2 and name %}big{% elif n %}small{% else %}none{% endif %}",
    "{% for row in rows %}{{ loop.index }}/{{ loop.length }} {{ row.title|upper }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for w in empty %}{{ w }}{% else %}nothing{% endfor %}{% for x in missing %}x{% endfor %}",
    "{% for row in rows %}{% for w in words %}{{ row.title ~ w }}{% endfor %}{% endfor %}",
    "{{ words|length }} {{ missing|default('d') }} {{ name|trim|lower }} {{ deep|tojson }} {{ n|float }} {{ '7'|int }}",
    "{{ 'a' in words }} {{ n is defined }} {{ none is none }} {{ 'A' if yes else 'B' }} {{ words|first }} {{ n ~ f }}",
    "{{ n + 1 }} {{ n - f }} {{ name + '!' }} {{ -n }} {{ words|join(', ') }} {{ name[:1] }} {{ words[1:] }} {{ words[-1] }}",
    "{% for k, v in deep.items() %}{{ k }}={{ v }}{% endfor %}{% for w in words if w != 'a' %}{{ loop.index }}{{ w }}{% endfor %}",
    "{{ name|replace('海', '!') }}{% if n in [1, 3] %}in{% endif %}{% for w in ['x', name] %}{{ w }}{% endfor %}",
    "{# note #}{% raw %}{{ kept }}{% endraw %} {{- name -}} {% if none %}{% endif %}",
)  # fmt: skip
_ELSEWHERE = (
    "{% set x = name ~ name %}{{ x }}", "{{ n * 2 }}", "{{ name.upper() }}", "{{ deep.items() }}", "{{ '%s-%s'|format(n, f) }}",
    "{{ range(3)|list }}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1) }}", "{{ words|map('upper')|list }}",
    "{% for c in name %}{{ c }}{% endfor %}", "{{ f|round(1) }}", "{{ name|replace('海', 'sea') }}", "{{ name|join('--')|join('--') }}",
    "{% set l = [] %}{% for w in words %}{% set _ = l.append(w) %}{% endfor %}{{ l }}", "{{ {'a': n} }}",
)  # fmt: skip


async def test_harmless_templates_are_rendered_here_as_in_the_child(jail: Runner) -> None:
    templates = Templates()
    for source in _HERE:
        here = templates.render(source, _VALUES)
        there = await jail.sandbox._outcome("jinja2", source, _VALUES)
        assert (source, here) == (source, there.decode())


async def test_all_others_are_left_to_the_child(jail: Runner) -> None:
    templates = Templates()
    for source in _ELSEWHERE:
        assert templates.render(source, _VALUES) is None, source
        assert await jail.sandbox.render(source, _VALUES) is not None
    assert await jail.sandbox.render("{% set x = name ~ n %}{{ x }}{{ words|join('-') }}", _VALUES) == "海3a-b-c"


async def test_none_is_printed_undeclared_is_empty_and_nothing_is_escaped(jail: Runner) -> None:
    assert await jail.sandbox.render("{{ a }}|{{ b }}|{{ c }}", {"a": None, "c": "<b>&"}) == "None||<b>&"


async def test_values_never_show_python(jail: Runner) -> None:
    """No attribute of Python's, no method, no address of memory; in the server and in the child."""
    templates = Templates()
    for source in ("{{ name.__class__ }}", "{{ deep.items }}", "{{ range }}", "{{ lipsum|string }}", "{% for w in words %}{{ loop.__init__ }}{% endfor %}",
                   "{% for w in words %}{{ loop.cycle|string }}{% endfor %}", "{{ words.append }}"):
        assert (templates.render(source, _VALUES) or "") in {"", "<class 'range'>"}, source
    for source in ("{{ ''.__class__.__mro__ }}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}"):
        with pytest.raises(CodeFaultError, match="SecurityError"):
            await jail.sandbox.render(source, _VALUES)
    for source in ("{{ lipsum.__globals__ }}", "{{ (words|map(attribute='__class__')|list)[0] }}"):
        assert await jail.sandbox.render(source, _VALUES) == ""


async def test_errors_are_jinjas_on_both_ways(jail: Runner) -> None:
    for source, said in (
        ("{% if", "TemplateSyntaxError: unexpected 'end of template'"),
        ("{{ missing.a.b }}", "UndefinedError: 'missing' is undefined"),
        ("{% set x = 1 %}{{ missing.a.b }}", "UndefinedError: 'missing' is undefined"),
        ("{{ n + name }}", "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        ("{{ x|nosuch }}", "TemplateAssertionError: No filter named 'nosuch'."),
        ("{{ n|length }}", "TypeError: object of type 'int' has no len()"),
    ):
        with pytest.raises(CodeFaultError) as caught:
            await jail.sandbox.render(source, _VALUES)
        assert (str(caught.value), caught.value.kind) == (said, "CodeExecutionError")


async def test_length_is_bounded_on_both_ways(jail: Runner) -> None:
    half = "y" * 200_000
    assert await jail.sandbox.render("{{ x }}{{ x }}", {"x": half}) == half * 2
    for source in ("{{ x }}{{ x }}!", "{% set y = x ~ x ~ '!' %}{{ y }}", "{% for a in range(99999) %}0123456789{% endfor %}"):
        with pytest.raises(CodeFaultError) as caught:
            await jail.sandbox.render(source, {"x": half})
        assert str(caught.value) == "Output length exceeds 400000 characters"


async def test_nothing_that_is_rendered_here_takes_long() -> None:
    templates = Templates()
    rows = [[0] * 300] * 300
    bombs = (
        "{% for a in x %}{% for b in x %}{% for c in x %}{% for d in x %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ 9 ** 9 ** 9 }}", "{{ 'a' * 10**9 }}", "{{ 'a'|center(10**9) }}", "{{ 1.5|round(99999999) }}", "{{ x|tojson(9999999) }}",
        "{{ x" + "|join('0123456789abcdef')" * 8 + " }}", "{{ " + "(" * 12 + "x ~ x" + ") ~ x" * 12 + " }}" * 1, "{{ '%999999999d' % 1 }}",
        "{{ x|batch(1, 'a')|list }}", "{{ x|string|replace('', 'aaaaaaaaaaaaaaaaaaa') }}", "{{ lipsum(n=1000) }}",
        "{{ x|tojson }}" * 500, "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "{{ x" + ".a" * 3000 + " }}",
        "{{ 1" + " ~ x" * 2000 + " }}", "{% if x %}" * 500 + "{% endif %}" * 500, "{{ " + "-" * 5000 + "1 }}",
    )  # fmt: skip
    for source in bombs:
        began = time.process_time()
        try:
            assert templates.render(source, {"x": rows}) is None, source[:50]
        finally:
            assert time.process_time() - began < 1.0, source[:50]
