"""Single changes to a module: what a slip of the hand in a formula could look like.

A mutant is one change at one place: another comparison or operator, a number off by one, a mask or
a condition dropped, a minimum for a maximum, a statement left out, an option left to its default.
Docstrings, annotations and error messages are left alone.
"""

import ast
import copy
import re
from typing import NamedTuple

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
PAIRS = (
    ("min", "max"),
    ("minimum", "maximum"),
    ("any", "all"),
    ("argmin", "argmax"),
    ("clamp_min", "clamp_max"),
    ("zeros_like", "ones_like"),
    ("zeros", "ones"),
    ("mean", "sum"),
    ("median", "max"),
    ("std", "var"),
    ("sqrt", "square"),
    ("exp", "log"),
)
NAMES = {b: a for a, b in PAIRS} | dict(PAIRS)
UNWRAPPED = {"abs", "sqrt", "sign", "isnan", "dropna", "copy", "clip", "round"}


class Mutant(NamedTuple):
    """One change: its line and the code there, what it does, and the whole module.

    `text` has the function that it stands in, and the code before and after.
    """

    line: int
    code: str
    text: str
    tree: ast.Module


def mutants(source):
    """Return every mutant of a module, in the order of its lines."""
    tree, lines = ast.parse(source), source.splitlines()
    found = []
    for path, owner in _places(tree):
        node = _at(tree, path)
        for changed in _changes(node):
            if changed is None:
                after, new = "", ast.Pass()
            else:
                after, new = ast.unparse(changed), changed
            other = copy.deepcopy(tree)
            _put(other, path, ast.copy_location(new, node))
            text = f"{owner}: {_short(ast.unparse(node))} -> {_short(after) or 'nothing'}"
            code = lines[node.lineno - 1].strip()
            found.append(Mutant(node.lineno, code, text, ast.fix_missing_locations(other)))
    return found


def _short(code):
    """Code on one line."""
    return re.sub(r"\s+", " ", code)


def _places(node, path=(), owner="module"):
    """Yield the paths of all nodes that may change, with the function that they stand in."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "format_spec", "bases", "decorator_list", "ctx"):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_text(child):
                continue
            below = (*path, (field, index if isinstance(value, list) else None))
            inside = owner
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inside = child.name if owner == "module" else f"{owner}.{child.name}"
            if hasattr(child, "lineno"):
                yield below, inside
            if not isinstance(child, ast.Raise):
                yield from _places(child, below, inside)


def _is_text(node):
    """Whether a statement is a docstring, or an f-string's node."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return alone or isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr))


def _at(tree, path):
    """Return the node at a path."""
    for field, index in path:
        tree = getattr(tree, field)
        tree = tree if index is None else tree[index]
    return tree


def _put(tree, path, new):
    """Put a node at a path."""
    *above, (field, index) = path
    parent = _at(tree, above)
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new


def _changes(node):
    """Yield what may stand in the place of a node; None deletes a statement."""
    rule = RULES.get(type(node))
    if rule:
        yield from rule(node)


def _with(node, **fields):
    """Return a copy of a node with some fields changed."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _compare(node):
    for kind in COMPARISONS[type(node.ops[0])]:
        yield _with(node, ops=[kind(), *node.ops[1:]])
    if len(node.ops) > 1:
        for kind in COMPARISONS[type(node.ops[1])]:
            yield _with(node, ops=[node.ops[0], kind(), *node.ops[2:]])


def _binary(node):
    if type(node.op) in ARITHMETIC:
        yield _with(node, op=ARITHMETIC[type(node.op)]())
    if isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield node.left
    if isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.Add, ast.Mult)):
        yield node.right


def _boolean(node):
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for k in range(len(node.values)):
        rest = [value for i, value in enumerate(node.values) if i != k]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _unary(node):
    if not isinstance(node.operand, ast.Constant):
        yield node.operand


def _constant(node):
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        if value:
            yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(2 * value if value else 1.0)
        if 0 < value < 1 and value != 0.5:
            yield ast.Constant(1.0 - value)
    elif isinstance(value, str) and re.fullmatch(r"\w+", value):
        yield ast.Constant(value + "_")


def _name(node):
    if node.id in NAMES:
        yield ast.Name(NAMES[node.id], node.ctx)


def _attribute(node):
    if node.attr in NAMES:
        yield _with(node, attr=NAMES[node.attr])


def _call(node):
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    for k, option in enumerate(node.keywords):
        if option.arg:
            yield _with(node, keywords=node.keywords[:k] + node.keywords[k + 1 :])
    if name == "where" and len(node.args) == 3:
        condition, one, other = node.args
        yield _with(node, args=[condition, other, one])
        yield one
        yield other
    if name in UNWRAPPED:
        of_a_module = getattr(getattr(node.func, "value", None), "id", "") in (
            "np",
            "torch",
            "math",
        )
        method = isinstance(node.func, ast.Attribute) and not of_a_module
        yield node.func.value if method else node.args[0]


def _comprehension(node):
    first = node.generators[0]
    if first.ifs:
        yield _with(node, generators=[_with(first, ifs=[]), *node.generators[1:]])


def _either(node):
    yield node.body
    yield node.orelse


def _condition(node):
    yield _with(node, test=ast.Constant(True))
    yield _with(node, test=ast.Constant(False))


def _deleted(node):
    yield None


def _assigned(node):
    if not isinstance(node.targets[0], (ast.Name, ast.Tuple)):
        yield None


RULES = {
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _either,
    ast.If: _condition,
    ast.Expr: _deleted,
    ast.AugAssign: _deleted,
    ast.Raise: _deleted,
    ast.Break: _deleted,
    ast.Assign: _assigned,
}
