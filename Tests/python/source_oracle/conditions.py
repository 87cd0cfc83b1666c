"""The conditions around imports whose value is constant for the running interpreter."""

import ast
import os
import platform
import sys
from typing import ClassVar

UNKNOWN = object()
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)


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

    NAMES: ClassVar = {
        "sys.platform": sys.platform,
        "_sys.platform": sys.platform,
        "os.name": os.name,
        "_os.name": os.name,
        "sys.implementation.name": sys.implementation.name,
        "_sys.implementation.name": sys.implementation.name,
        "__name__": "not __main__",
        **{
            owner + name: value
            for owner in ("sys.", "_sys.")
            for name, value in (("hexversion", sys.hexversion), ("maxsize", sys.maxsize))
        },
        **{
            owner + "version_info" + attribute: value
            for owner in ("sys.", "_sys.", "")
            for attribute, value in (
                ("", sys.version_info),
                (".major", sys.version_info.major),
                (".minor", sys.version_info.minor),
                (".micro", sys.version_info.micro),
            )
        },
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
