"""Renders the templates that cannot explode right here, without any process.

A Jinja template is a program: it can loop, multiply texts and call methods. Most templates of app files do none of it:
they print variables, take alternatives, and go through a list. So a template is parsed once and looked at. It is
rendered here only when

* its syntax tree holds nothing but the nodes below: no assignment (``a = a ~ a`` doubles), no arithmetic but plus and
  minus, no call but ``.items()`` of a loop, no macro, no filter whose result can be much larger than its input or slow;
* printing its values cannot cost much: parts of the template times size of the values stays under a budget, and each
  loop pays for its rounds before it begins, from the same budget;
* every value that it meets on its way is plain JSON: an attribute is a key of an object, never one of Python, so that
  there is no method, no class and no address of memory to be had. Jinja's own sandbox is the wall behind that.

All else (``None`` from ``render``) is rendered in a child with limits (jail/guest.py), with the same result.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from server.sandbox.model import MOST_CHARACTERS, TemplateFaultError, TooLongError

_MOST_SOURCE = 16_000
_MOST_DEPTH = 40
_MOST_KEPT = 512
# Parts times characters that one rendering may look at: some 50 ms at worst, some 50 us as a rule.
_WORK = 2_000_000
_FILTERS = frozenset({
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "last", "length", "lower", "round", "string",
    "tojson", "trim", "upper",
})  # fmt: skip
_TESTS = frozenset({
    "boolean", "defined", "eq", "equalto", "even", "false", "float", "ge", "greaterthan", "gt", "in", "integer",
    "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string", "true",
    "undefined", "upper",
})  # fmt: skip
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Getattr, nodes.Add, nodes.Sub, nodes.Neg,
    nodes.List, nodes.Tuple,
)  # fmt: skip
# Of those, the ones whose arguments cannot make much of little: `round(n)` takes ten to the power of n.
_ARGUMENTS = frozenset({"d", "default", "float", "int", "trim"})
# Jinja's own functions, by which a name that is not a variable would print an address of memory.
_NAMES = frozenset({*DEFAULT_NAMESPACE, "self", "caller"})
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
# `join` of what is read, not of what was made: joined texts could be joined again and again.
_READ = (nodes.Name, nodes.Getattr, nodes.Getitem)
_MOST_SEPARATOR = 16
_ROWS, _PAIRS = "rows of a loop", "pairs of a loop"


class _UnfitError(Exception):
    """This is not for here after all."""


class _Environment(ImmutableSandboxedEnvironment):
    """Values are JSON, attributes are keys. ``left`` is what the rendering at work may still cost."""

    def __init__(self) -> None:
        super().__init__(autoescape=False, optimized=False, finalize=_printable)
        self.filters[_ROWS] = self._rows
        self.filters[_PAIRS] = self._pairs
        self.left = 0
        self.size = 0

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of an object, or what a loop knows of itself."""
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of an object or a place in a list; nothing, where Jinja finds nothing."""
        if isinstance(obj, Undefined):
            return super().getitem(obj, argument)
        if isinstance(obj, dict) and isinstance(argument, str) and not hasattr(dict, argument):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        if isinstance(obj, (list, str)) and type(argument) is int:
            return obj[argument] if -len(obj) <= argument < len(obj) else self._no_element(obj, argument)
        raise _UnfitError

    def _no_element(self, obj: Any, index: Any) -> Undefined:
        return self.undefined(obj=obj, name=index)

    def _rows(self, value: Any, parts: int) -> Any:
        """What a loop goes through, paid for."""
        if isinstance(value, Undefined):
            return ()
        if not isinstance(value, (list, tuple, dict)):
            raise _UnfitError
        self.left -= len(value) * parts * max(self.size, 100)
        if self.left < 0:
            raise _UnfitError
        return value

    def _pairs(self, value: Any, parts: int) -> Any:
        """Those of an object; where it has none, Jinja's error is the child's to tell."""
        if not isinstance(value, dict) or "items" in value:
            raise _UnfitError
        return self._rows(value, parts).items()


def _printable(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float, list, tuple, dict, Undefined)):
        return value
    raise _UnfitError


@dataclass(frozen=True, slots=True)
class _Fit:
    template: Template
    parts: int


class Templates:
    """Templates of this process, compiled; those used last are kept."""

    def __init__(self) -> None:
        self._environment = _Environment()
        self._kept: OrderedDict[str, _Fit | None] = OrderedDict()

    def render(self, source: str, variables: Mapping[str, Any]) -> str | None:
        """The text, or None when it has to be rendered elsewhere. Raises TemplateFaultError, TooLongError."""
        fit = self._look(source)
        if fit is None:
            return None
        try:
            size = _size(variables)
            if size * fit.parts > _WORK:
                return None
            return self._render(fit.template, variables, size)
        except (_UnfitError, RecursionError):
            return None
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateFaultError(said(error)) from None

    def _render(self, template: Template, variables: Mapping[str, Any], size: int) -> str:
        self._environment.left, self._environment.size = _WORK, size
        pieces, left = [], MOST_CHARACTERS
        for piece in template.generate(variables):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise TooLongError
        return "".join(pieces)

    def _look(self, source: str) -> _Fit | None:
        if source in self._kept:
            self._kept.move_to_end(source)
            return self._kept[source]
        fit = self._compile(source) if len(source) <= _MOST_SOURCE else None
        self._kept[source] = fit
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return fit

    def _compile(self, source: str) -> _Fit | None:
        try:
            tree = self._environment.parse(source)
            loops = list(tree.find_all(nodes.For))
            for loop in loops:
                _pair(loop)
            parts = _weigh(tree, 0)
            for loop in loops:
                _sell(loop)
            tree.set_environment(self._environment)
            code = self._environment.compile(tree)
            return _Fit(Template.from_code(self._environment, code, self._environment.make_globals(None)), parts)
        except TemplateSyntaxError as error:
            raise TemplateFaultError(said(error)) from None
        except (_UnfitError, TemplateError, RecursionError, MemoryError, SyntaxError):
            return None


def said(error: BaseException) -> str:
    """What is shown of an error of Jinja's, from wherever it comes."""
    return f"{type(error).__name__}: {error}"


def _weigh(node: nodes.Node, depth: int) -> int:
    """The number of parts. Raises _UnfitError when one of them is not allowed."""
    if depth > _MOST_DEPTH or not _allowed(node):
        raise _UnfitError
    return 1 + sum(_weigh(child, depth + 1) for child in node.iter_child_nodes())


def _allowed(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Name):
        return node.name not in _NAMES
    if isinstance(node, nodes.Getitem):
        # A slice is Python's own; of a constant, Python warns and Jinja says something else.
        return _fixed(node.arg) or (isinstance(node.arg, nodes.Slice) and isinstance(node.node, (*_READ, nodes.Filter)))
    if isinstance(node, nodes.Slice):
        return all(map(_fixed, node.iter_child_nodes()))
    if isinstance(node, (nodes.Filter, nodes.Test)):
        return _cheap(node)
    if isinstance(node, nodes.For):
        return isinstance(node.target, (nodes.Name, nodes.Tuple)) and not node.recursive
    return isinstance(node, _NODES)


def _fixed(node: nodes.Node) -> bool:
    return isinstance(node.node if isinstance(node, nodes.Neg) else node, nodes.Const)


def _cheap(node: nodes.Filter | nodes.Test) -> bool:
    if node.node is None or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        return False
    if isinstance(node, nodes.Test):
        return node.name in _TESTS
    if node.name in {"join", "replace"}:
        texts = [each.value for each in node.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        if len(texts) != len(node.args):
            return False
        if node.name == "replace":  # which may not make a text longer
            return len(texts) == 2 and 0 < len(texts[0]) >= len(texts[1])
        return isinstance(node.node, _READ) and len(texts) <= 1 and len("".join(texts)) <= _MOST_SEPARATOR
    return node.name == _PAIRS or (node.name in _FILTERS and (not node.args or node.name in _ARGUMENTS))


def _sell(loop: nodes.For) -> None:
    """Let the loop pay for its rounds before it begins."""
    inside = [*loop.body, *([loop.test] if loop.test is not None else [])]
    price = nodes.Const(sum(_weigh(node, 0) for node in inside))
    if isinstance(loop.iter, nodes.Filter) and loop.iter.name == _PAIRS:
        loop.iter.args = [price]
    else:
        loop.iter = nodes.Filter(loop.iter, _ROWS, [price], [], None, None, lineno=loop.lineno)


def _pair(loop: nodes.For) -> None:
    """``x.items()`` of a loop, the one call that is allowed, is a filter from here on."""
    call = loop.iter
    if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Getattr) or call.node.attr != "items":
        return
    if not (call.args or call.kwargs or call.dyn_args or call.dyn_kwargs):
        loop.iter = nodes.Filter(call.node.node, _PAIRS, [], [], None, None, lineno=loop.lineno)


def _size(value: Any) -> int:
    """Characters and parts of a plain value. Raises _UnfitError for another one."""
    if isinstance(value, str):
        return len(value) + 1
    if value is None or isinstance(value, (int, float)):
        return 8
    if isinstance(value, (Mapping, list)):
        return 1 + sum(_sizes(value))
    raise _UnfitError


def _sizes(value: Mapping[str, Any] | list[Any]) -> Iterator[int]:
    if isinstance(value, Mapping):
        yield sum(len(key) for key in value)
        yield from map(_size, value.values())
    else:
        yield from map(_size, value)
