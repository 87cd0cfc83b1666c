"""The expressions of a statement, and the calls in them that import."""

import ast

from conditions import dotted


def parts(statement):
    """The expressions of a statement itself, in source order, and not those of its blocks."""
    for field, value in ast.iter_fields(statement):
        if field in ("body", "orelse", "finalbody", "handlers", "cases", "type_params"):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield each


def evaluated(node):
    """An expression and what is evaluated with it: not the body of a lambda."""
    if isinstance(node, ast.JoinedStr) or type(node).__name__ == "TemplateStr":
        return
    yield node
    for field, value in ast.iter_fields(node):
        if isinstance(node, ast.Lambda) and field == "body":
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from evaluated(each)


def called(call):
    """The statement that a literal import call amounts to, as (level, module), or None."""
    name = dotted(call.func)
    if not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    text = call.args[0].value
    if not isinstance(text, str) or isinstance(call.args[0], ast.JoinedStr):
        return None
    module = text.lstrip(".")
    level = len(text) - len(module)
    if not module or not all(part.isidentifier() for part in module.split(".")):
        return None
    others = call.args[1:] + [each.value for each in call.keywords]
    if name == "__import__":
        named = [each for each in call.keywords if each.arg == "level"]
        positional = call.args[4:5]
        zero = all(getattr(each, "value", None) == 0 for each in positional)
        return (0, module) if not level and not named and zero else None
    if name == "import_module" or name.endswith("importlib.import_module"):
        if not level:
            return (0, module)
        own = others and dotted(others[0]) in ("__package__", "__name__")
        return (level, module) if own and len(others) == 1 else None
    return None
