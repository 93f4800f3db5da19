"""The shape of a generated finder: its source without the tables that differ from one project to the next."""

import ast
import hashlib

TABLES = ("MAPPING", "NAMESPACES", "PATH_PLACEHOLDER")
CALL = "install"


def shape(source, tables=TABLES):
    """Return the SHA-256 of a module's source (bytes) with its literal tables taken out; raises ValueError.

    Taken out are whole top-level statements: an assignment of a literal to one of `tables`, and a call of `install`
    with literal arguments. Anything else, a single expression in a table included, stays and changes the digest.
    """
    try:
        text = source.decode("utf-8")
        tree = ast.parse(text)
    except (SyntaxError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise ValueError(f"no Python source: {error}") from error
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        raise ValueError("a lone carriage return, at which the parser counts lines differently")
    lines = text.split("\n")
    for statement in reversed(tree.body):
        label = _label(statement, tables)
        if label and _stands_alone(statement, lines):
            lines[statement.lineno - 1 : statement.end_lineno] = [label]
    return hashlib.sha256("\n".join(lines).rstrip().encode()).hexdigest()


def _label(statement, tables):
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        name = targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""
        return f"{name} = ..." if name in tables and _is_data(statement.value) else ""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        plain = isinstance(call.func, ast.Name) and call.func.id == CALL
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        return f"{CALL}(...)" if plain and arguments and all(map(_is_data, arguments)) else ""
    return ""


def _is_data(node):
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_data, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_data(key) for key in node.keys) and all(map(_is_data, node.values))
    # PATH_PLACEHOLDER = 'name' + ".__path_hook__"
    return isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)


def _stands_alone(statement, lines):
    last = lines[statement.end_lineno - 1]
    return statement.col_offset == 0 and statement.end_col_offset == len(last.encode())
