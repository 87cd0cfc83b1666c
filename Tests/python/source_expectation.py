"""What `importahead scan` should find in source files, computed with CPython's own `ast`.

Run by each interpreter under test. Reads what the scanner found, one JSON object a file, on standard
input; prints one JSON object: how much was compared, and the first differences.
"""

import ast
import json
import os
import sys
import unicodedata
import warnings

SHOWN = 20
UNKNOWN = object()
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def dotted(node):
    """The dotted name that an expression spells, or ''."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return owner and owner + "." + node.attr
    return ""


class Condition:
    """The value of a condition for this interpreter, where its parts are constant."""

    NAMES = {
        "sys.platform": sys.platform,
        "_sys.platform": sys.platform,
        "os.name": os.name,
        "_os.name": os.name,
        "sys.implementation.name": sys.implementation.name,
        "sys.version_info": sys.version_info,
        "version_info": sys.version_info,
        "sys.version_info.major": sys.version_info.major,
        "sys.version_info.minor": sys.version_info.minor,
        "sys.version_info.micro": sys.version_info.micro,
        "__name__": "not __main__",
    }

    def truth(self, node):
        """True, False, or UNKNOWN."""
        value = self.value(node)
        return value if value is UNKNOWN else bool(value)

    def value(self, node):
        if isinstance(node, ast.BoolOp):
            return self.either([self.truth(each) for each in node.values], node.op)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            value = self.truth(node.operand)
            return value if value is UNKNOWN else not value
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        return self.operand(node)

    def either(self, truths, operator):
        deciding = isinstance(operator, ast.Or)
        if deciding in truths:
            return deciding
        return UNKNOWN if UNKNOWN in truths else not deciding

    def operand(self, node):
        if isinstance(node, ast.Constant):
            plain = isinstance(node.value, (bool, int, str)) or node.value is None
            return node.value if plain else UNKNOWN
        name = dotted(node)
        if name.split(".")[-1] == "TYPE_CHECKING":
            return False
        if name:
            return self.NAMES.get(name, UNKNOWN)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            items = [self.operand(each) for each in node.elts]
            return UNKNOWN if UNKNOWN in items else tuple(items)
        if isinstance(node, ast.Subscript):
            return self.item(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        return UNKNOWN

    def item(self, node):
        value = self.operand(node.value)
        index = getattr(node.slice, "value", node.slice)
        index = getattr(index, "value", index)
        if isinstance(node.slice, ast.Slice):
            index = slice(getattr(node.slice.upper, "value", None))
            if node.slice.lower or node.slice.step or not isinstance(index.stop, int):
                return UNKNOWN
        elif not isinstance(value, tuple) or not isinstance(index, int):
            return UNKNOWN
        return UNKNOWN if value is UNKNOWN else value[index]

    def call(self, node):
        name = dotted(node.func)
        values = [self.operand(each) for each in node.args]
        if not values and not node.keywords:
            import platform

            if name == "platform.system":
                return platform.system()
            if name == "platform.python_implementation":
                return platform.python_implementation()
        owner = self.NAMES.get(name.rpartition(".")[0], UNKNOWN)
        if name.endswith(".startswith") and isinstance(owner, str) and len(values) == 1:
            return UNKNOWN if UNKNOWN in values else owner.startswith(values[0])
        return UNKNOWN

    def comparison(self, node):
        left, right = self.operand(node.left), self.operand(node.comparators[0])
        if (
            len(node.ops) > 1
            or UNKNOWN in (left, right)
            or not isinstance(node.ops[0], COMPARISONS)
        ):
            return UNKNOWN
        operator = type(node.ops[0]).__name__
        if "not __main__" in (left, right) and "__main__" not in (left, right):
            return UNKNOWN
        if operator in ("In", "NotIn") and isinstance(right, str):
            return UNKNOWN
        if isinstance(right, tuple) and left == sys.version_info and left[:3] == right[:3]:
            # The scanner is not told the release level.
            if len(right) > 3:
                return UNKNOWN
        try:
            return {
                "Eq": lambda: left == right,
                "NotEq": lambda: left != right,
                "Lt": lambda: left < right,
                "LtE": lambda: left <= right,
                "Gt": lambda: left > right,
                "GtE": lambda: left >= right,
                "In": lambda: left in right,
                "NotIn": lambda: left not in right,
            }[operator]()
        except TypeError:
            return UNKNOWN


class Place:
    """The circumstances of a block of statements."""

    def __init__(self, kind="eager", attempt=0, fallback_of=0, leaves=True, module=True):
        self.kind, self.attempt, self.fallback_of = kind, attempt, fallback_of
        self.leaves, self.module = leaves, module

    def but(self, **changes):
        return Place(**dict(vars(self), **changes))

    def conditional(self):
        return self.but(kind="conditional") if self.kind == "eager" else self

    def never(self):
        return self.but(kind="never", fallback_of=0)


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


class Expectation(Condition):
    """Walks a module in the order in which it is evaluated."""

    def __init__(self, tree):
        self.found = []
        self.bindings = set()
        self.attempts = 0
        self.left = False
        self.block(tree.body, Place())

    def record(self, place, kind, *statement):
        if self.left:
            place = place.never()
        kind = place.kind if kind != "lazy" or place.kind == "never" else kind
        fallback = place.fallback_of if kind == "fallback" else 0
        self.found.append((kind, place.attempt, fallback) + statement)

    def bind(self, place, name):
        if place.module and not self.left and place.kind in ("eager", "conditional"):
            self.bindings.add(name)

    def block(self, statements, place):
        for statement in statements:
            self.statement(statement, place)

    def statement(self, node, place):
        lazy = "lazy" if getattr(node, "is_lazy", 0) else "eager"
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.record(place, lazy, node.lineno, 0, alias.name, [])
            return
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            self.record(place, lazy, node.lineno, node.level, node.module or "", names)
            return
        self.calls(node, place)
        self.names(node, place)
        if isinstance(node, ast.Raise) and place.kind == "eager" and place.leaves:
            self.left = True
        self.compound(node, place)

    def calls(self, node, place):
        calls = []
        for part in parts(node):
            for each in evaluated(part):
                if isinstance(each, ast.Call):
                    target = called(each)
                    if target:
                        end = each.func
                        calls.append((end.end_lineno, end.end_col_offset) + target)
        for line, _, level, module in sorted(calls):
            self.record(place, "eager", line, level, module, [])

    def names(self, node, place):
        if isinstance(node, FUNCTIONS + (ast.ClassDef,)):
            self.bind(place, node.name)
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            if node.simple:
                self.bind(place, node.target.id)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                # What the scanner promises to see: names up to the first target that is not names.
                items = target.elts if isinstance(target, ast.Tuple) else [target]
                if not items or not all(isinstance(each, ast.Name) for each in items):
                    return
                if items[0].col_offset != target.col_offset:
                    return
                for each in items:
                    self.bind(place, each.id)

    def compound(self, node, place):
        if isinstance(node, ast.If):
            self.branches(node, place)
        elif isinstance(node, ast.While):
            self.loop(node, place)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            inner = place.conditional().but(leaves=False)
            self.block(node.body, inner)
            self.block(node.orelse, inner)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self.block(node.body, place.but(leaves=False))
        elif isinstance(node, ast.ClassDef):
            self.block(node.body, place.but(leaves=False, module=False))
        elif isinstance(node, TRIES):
            self.attempt(node, place)
        elif type(node).__name__ == "Match":
            for case in node.cases:
                inner = place.conditional().but(leaves=False)
                for part in (case.pattern, case.guard):
                    if part is not None:
                        self.calls(ast.Expr(part), place.but(leaves=False))
                self.block(case.body, inner)

    def branches(self, node, place):
        taken = maybe = False
        while True:
            truth = False if taken else self.truth(node.test)
            self.block(node.body, self.branch(place, truth, maybe))
            taken = taken or truth is True
            maybe = maybe or truth is UNKNOWN
            last = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
            if not (last and node.orelse[0].col_offset == node.col_offset):
                break
            node = node.orelse[0]
            self.calls(node, place)
        self.block(node.orelse, self.branch(place, not taken, maybe))

    def branch(self, place, truth, maybe):
        if truth is False:
            return place.never()
        return place.conditional() if truth is UNKNOWN or maybe else place

    def loop(self, node, place):
        truth = self.truth(node.test)
        self.block(node.body, self.branch(place, truth, False).but(leaves=False))
        if truth is False:
            self.block(node.orelse, place)
        else:
            self.block(node.orelse, place.conditional().but(leaves=False))

    def attempt(self, node, place):
        self.attempts += 1
        number = self.attempts
        guarded = place.but(leaves=False)
        self.block(node.body, guarded.but(attempt=number))
        for handler in node.handlers:
            self.calls(handler, place)
            rescue = guarded
            if place.kind != "never":
                rescue = guarded.but(kind="fallback", fallback_of=number)
            self.block(handler.body, rescue)
        self.block(node.orelse, guarded)
        self.block(node.finalbody, guarded)


def normal(name):
    """An identifier as the compiler sees it."""
    return unicodedata.normalize("NFKC", name)


def seen(scan):
    """What the scanner found, in the form of an expectation."""
    for each in scan["statements"]:
        yield (
            each["kind"],
            each["attempt"],
            each["fallback_of"],
            each["line"],
            each["level"],
            normal(each["module"]),
            [normal(name) for name in each["names"]],
        )


def compare(scan, totals):
    """Compares one file; returns a description of the first difference, or None."""
    with open(scan["path"], "rb") as file:
        source = file.read()
    try:
        expected = Expectation(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        totals["unparsed"] += 1
        return None
    totals["files"] += 1
    totals["bytes"] += len(source)
    totals["statements"] += len(expected.found)
    for each in expected.found:
        totals[each[0]] = totals.get(each[0], 0) + 1
    found = list(seen(scan))
    if found != expected.found:
        missing = [each for each in expected.found if each not in found]
        extra = [each for each in found if each not in expected.found]
        return {"path": scan["path"], "missing": missing[:3], "extra": extra[:3]}
    bindings = {normal(each) for each in scan["bindings"]}
    totals["bindings"] += len(bindings)
    if bindings != expected.bindings:
        missing = sorted(expected.bindings - bindings)
        extra = sorted(bindings - expected.bindings)
        return {"path": scan["path"], "missing names": missing[:3], "extra names": extra[:3]}
    return None


def main():
    """Compares every file of the scan on standard input."""
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    totals = {"files": 0, "unparsed": 0, "bytes": 0, "statements": 0, "bindings": 0}
    differences = []
    for line in sys.stdin.buffer:
        difference = compare(json.loads(line), totals)
        if difference:
            totals["differing"] = totals.get("differing", 0) + 1
            if len(differences) < SHOWN:
                differences.append(difference)
    print(json.dumps({"totals": totals, "differences": differences}))


if __name__ == "__main__":
    main()
