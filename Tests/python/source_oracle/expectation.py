"""What `importahead scan` should find in source files, computed with CPython's own `ast`.

Run by each interpreter under test. Reads what the scanner found, one JSON object a file, on
standard input; prints one JSON object: how much was compared, and the first differences.
"""

import ast
import json
import re
import sys
import unicodedata
import warnings

from calls import called, evaluated, parts
from conditions import UNKNOWN, Condition

SHOWN = 20
TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))
# How many functions the scanner follows, and how deep.
FUNCTIONS_FOLLOWED = 64
CALLS = 8
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Place:
    """The circumstances of a block of statements."""

    def __init__(self, **changes):
        self.kind, self.attempt, self.fallback_of = "eager", 0, 0
        self.leaves, self.module, self.called = True, True, False
        vars(self).update(changes)

    def but(self, **changes):
        return Place(**dict(vars(self), **changes))

    def conditional(self):
        return self.but(kind="conditional") if self.kind == "eager" else self

    def never(self):
        return self.but(kind="never", fallback_of=0)


class Expectation(Condition):
    """Walks a module in the order in which it is evaluated."""

    def __init__(self, tree, source):
        self.found = []
        self.lines = re.split(rb"\r\n|\r|\n", source)
        # The module's functions that hold imports: name, definition, whether it was called.
        self.functions = []
        self.depth = 0
        self.bindings = set()
        self.attempts = 0
        self.left = False
        # The number of the run of consecutive imports, and whether it goes on.
        self.run = -1
        self.running = False
        self.block(tree.body, Place())

    def record(self, place, kind, *statement):
        if self.left:
            place = place.never()
        kind = place.kind if kind != "lazy" or place.kind == "never" else kind
        fallback = place.fallback_of if kind == "fallback" else 0
        if not self.running:
            self.run += 1
            self.running = True
        self.found.append((kind, place.attempt, fallback, self.run, place.called, *statement))

    def bind(self, place, name):
        if place.module and not self.left and place.kind in ("eager", "conditional"):
            self.bindings.add(name)

    def block(self, statements, place):
        self.running = False
        for statement in statements:
            self.statement(statement, place)
        self.running = False

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
        if self.is_docstring(node):
            return
        self.running = False
        self.calls(node, place)
        self.names(node, place)
        if isinstance(node, ast.Raise) and place.kind == "eager" and place.leaves:
            self.left = True
        self.compound(node, place)

    def is_docstring(self, node):
        value = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(getattr(value, "value", None), (str, bytes)):
            return False
        # In parentheses it is a statement like any other, to the scanner.
        return (value.lineno, value.col_offset) == (node.lineno, node.col_offset)

    def calls(self, node, place):
        calls = []
        for part in parts(node):
            for each in evaluated(part):
                if isinstance(each, ast.Call):
                    end = each.func.end_lineno, each.func.end_col_offset
                    calls.append((end, called(each), getattr(each.func, "id", None)))
        for (line, _), target, name in sorted(calls, key=lambda call: call[0]):
            self.running = False
            if target:
                self.record(place, "eager", line, *target, [])
            else:
                self.follow(name, place)
        self.running = False

    def follow(self, name, place):
        """Evaluates the body of a function where it is called first."""
        found = [each for each in self.functions if each[0] == name]
        if not found or found[-1][2] or self.depth == CALLS:
            return
        found[-1][2] = True
        self.depth += 1
        inner = place.but(leaves=False, module=False, called=True)
        self.block(found[-1][1].body, inner)
        self.depth -= 1

    def define(self, node, place):
        """Remembers a function that has an import at the start of a line."""
        if not place.module or len(self.functions) == FUNCTIONS_FOLLOWED:
            return
        if any(map(self.starts_line_with_import, ast.walk(node))):
            self.functions.append([node.name, node, False])

    def starts_line_with_import(self, node):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            return False
        return not self.lines[node.lineno - 1][: node.col_offset].strip()

    def names(self, node, place):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            self.bind(place, node.name)
            if isinstance(node, FUNCTIONS):
                self.define(node, place)
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
            each["block"],
            each["called"],
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
        expected = Expectation(ast.parse(source), source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        totals["unparsed"] += 1
        return None
    totals["files"] += 1
    totals["bytes"] += len(source)
    totals["statements"] += len(expected.found)
    for each in expected.found:
        totals[each[0]] = totals.get(each[0], 0) + 1
        totals["called"] += each[4]
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
    totals = {"files": 0, "unparsed": 0, "bytes": 0, "statements": 0, "bindings": 0, "called": 0}
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
