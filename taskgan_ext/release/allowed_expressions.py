"""Which ``$`` expressions the configuration of a bundle may hold: decided on their syntax tree."""

import ast
import re
from collections.abc import Iterator

# As monai.bundle finds references in an expression, and the table that it looks them up in.
_REFERENCE = re.compile(r"@\w*(?:::\w*)*")
_RESOLVED = "__local_refs"
_ID = re.compile(r"\w+(::\w+)*")
# MONAI would put the keys above it into the text of the expression.
_RELATIVE = re.compile(r"[@%]::")
_IMPORTS = frozenset({"ignite", "monai", "numpy", "taskgan_ext", "torch"})
_VALUES = frozenset({f"torch.{name}" for name in ("bool", "float16", "bfloat16", "float32", "int64", "long")})
_METHODS = frozenset({"parameters", "run", "save", "to"})
_ATTRIBUTES = frozenset({"module"})
_FUNCTIONS = frozenset(
    {
        "monai.handlers.from_engine",
        "monai.utils.path_to_sqlite_uri",
        "monai.utils.set_determinism",
        "torch.cuda.is_available",
        "torch.device",
        "torch.distributed.destroy_process_group",
        "torch.distributed.get_rank",
        "torch.distributed.is_initialized",
    }
)
_PLAIN = (
    ast.Expression,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.cmpop,
    ast.IfExp,
    ast.Load,
    ast.keyword,
)


def is_allowed_expression(expression: str) -> bool:
    """Say whether an expression has a reviewed shape.

    Args:
        expression: what stands behind the ``$``.

    Returns:
        ``True`` for the import of a package that bundles are made of, and for arithmetic, comparison and
        choice between references, plain values and calls of a few listed functions and methods. There is no
        comprehension, ``lambda``, subscript, other name or other attribute, and no relative reference.
    """
    try:
        tree = _parse(expression)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    (statement,) = tree.body if len(tree.body) == 1 else (None,)
    if isinstance(statement, ast.Import):
        names = statement.names
        return len(names) == 1 and names[0].asname is None and names[0].name in _IMPORTS
    return isinstance(statement, ast.Expr) and _is_allowed(statement.value)


def constants(expression: str) -> Iterator[str]:
    """Texts in an expression, without the slash of those that are appended to something.

    Args:
        expression: an allowed one.

    Yields:
        Each text.
    """
    tree = _parse(expression)
    appended = {id(node.right) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
    ids = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in ids:
            yield node.value.removeprefix("/") if id(node) in appended else node.value


def _parse(expression: str) -> ast.Module:
    """The tree of what MONAI gives to Python: it replaces references as text, within quotes as well."""
    text = expression.replace("#", "::")
    if _RESOLVED in text or _RELATIVE.search(text):
        raise ValueError
    for reference in sorted(_REFERENCE.findall(text), key=len, reverse=True):
        text = text.replace(reference, f"{_RESOLVED}['{reference[1:]}']")
    return ast.parse(text.strip())


def _is_allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        named = all(keyword.arg for keyword in node.keywords)
        return named and _is_allowed_function(node.func) and all(map(_is_allowed, arguments))
    if isinstance(node, ast.Subscript):
        return _is_reference(node)
    if isinstance(node, ast.Attribute):
        return _dotted(node) in _VALUES or (node.attr in _ATTRIBUTES and _is_reference(node.value))
    return isinstance(node, _PLAIN) and all(map(_is_allowed, ast.iter_child_nodes(node)))


def _is_allowed_function(node: ast.expr) -> bool:
    if _dotted(node) in _FUNCTIONS:
        return True
    return isinstance(node, ast.Attribute) and node.attr in _METHODS and _is_reference(node.value)


def _is_reference(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == _RESOLVED
        and isinstance(node.slice, ast.Constant)
        and bool(_ID.fullmatch(str(node.slice.value)))
    )


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
