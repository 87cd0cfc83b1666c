"""Random small programs in every lexical dress that Python allows, for the judge to compare.

Most of what is generated is valid; what is not, the judge leaves out. A program is bytes.
"""

import random

NAMES = [
    "a",
    "b.c",
    "d",
    "importlib",
    "match",
    "case",
    "lazy",
    "type",
    "_",
    "f",
    "rb",
    "größe",
    "x1",
]
CONDITIONS = [
    "x",
    "0",
    "not 1",
    "None",
    "TYPE_CHECKING",
    "typing.TYPE_CHECKING and x",
    "sys.version_info >= (3, 12)",
    "sys.version_info[0] == 2 or x",
    "sys.version_info[:2] < (3, 11)",
    "(sys.platform == 'win32')",
    "sys.platform.startswith(('win', 'cyg'))",
    "os.name in ('posix', 'nt')",
    "__name__ == '__main__'",
    "f'{x}' == \"y\"",
    "x if y else z",
    "lambda: 0",
    "x[1:2]",
    "(y := False)",
    "False and {1: 2}[a, b] or 1",
    "not (x or 1)",
    "'linux' not in sys.platform",
    "x(a, b=lambda c: d) and 0",
    "not not 0",
    "(0, 1)",
    "not sys.version_info < (3,)",
    "(x if 0 else 1)",
]
TEXTS = [
    "",
    "import no",
    "#",
    "\\\\",
    "\\'",
    '\\"',
    "{{",
    "}}",
    "a: b",
    ";",
    "('",
    '["',
    "{0}",
    "\\n",
    "`",
]
PREFIXES = ["", "", "r", "b", "u", "f", "F", "rb", "Rb", "bR", "fr", "rF"]
CALLS = [
    "f()",
    "g (1, h())",
    "x.f(g)",
    "sys.exit(h())",
    "lambda: f()",
    "__import__('m')",
    "importlib.import_module('m.n')",
    "import_module ( 'm' )",
    "import_module('.m', __package__)",
    "importlib.import_module('..m', package=__name__)",
    "x.import_module('m')",
    "__import__('m', {}, {}, [], 0)",
    "__import__('m', level=1)",
    "[lambda: __import__('m')]",
    "(lambda x=__import__('m'): x)",
    "f(lambda: 1, __import__('m'))",
    "[__import__('m') for x in y]",
    "{lambda: 1: __import__('m')}",
    "[lambda: __import__('m') for x in __import__('n')]",
    "lambda: (__import__('m'), 1)",
    "import_module(b'm')",
    "import_module(r'''m''')",
]


class Generator:
    """Writes programs from a seed, the same on every run."""

    def __init__(self, seed, modern):
        self.random = random.Random(seed)
        # Whether f-strings nest as since 3.12.
        self.modern = modern
        self.unit = "    "

    def some(self, choices):
        return self.random.choice(choices)

    def chance(self, of):
        return self.random.random() < of

    def program(self):
        """One program."""
        self.unit = self.some(["    ", "\t", " ", "  \t", "\t "])
        parts = ["\ufeff"] if self.chance(0.05) else []
        if self.chance(0.1):
            parts.append("# coding: utf-8\n")
        if self.chance(0.3):
            parts.append('"""Doc.\nimport no\n"""\n')
        parts.append(self.block(0))
        end = self.some(["\n", "\n", "\n", "\r\n", "\r"])
        text = "".join(parts).replace("\n", end)
        return text.rstrip(end if self.chance(0.1) else "").encode()

    def block(self, depth):
        lines = []
        for _ in range(self.random.randint(1, 4)):
            lines.append(self.noise())
            lines.append(self.statement(depth))
        lines.append(self.noise())
        return "".join(lines)

    def noise(self):
        kind = self.random.random()
        if kind < 0.75:
            return ""
        return self.some(["\n", "  \n", "# import no ''' \"\"\"\n", "\t# c\n", "\f\n", "   # (\n"])

    def statement(self, depth):
        indent = self.unit * depth
        if depth < 4 and self.chance(0.45):
            return self.compound(depth)
        if depth == 0 and self.chance(0.05):
            indent = "\f"
        simple = [self.simple() for _ in range(self.some([1, 1, 1, 2, 3]))]
        joint = self.some(["; ", ";", " ;\t"])
        return indent + joint.join(simple) + self.some(["", "", ";", "  # c", " \\\n"]) + "\n"

    def simple(self):
        kind = self.random.random()
        if kind < 0.5:
            return self.importing()
        return self.some(
            [
                lambda: "pass",
                self.string,
                lambda: f"{self.some(['x', 'y', 'match', 'lazy'])} = {self.expression()}",
                lambda: f"x, {self.some(['y', 'case'])} = z = {self.expression()}",
                lambda: f"x: {self.string()} = {self.expression()}",
                lambda: f"x[{self.expression()}] = 1",
                self.expression,
                lambda: self.some(CALLS),
                lambda: f"x = {self.some(CALLS)}",
                lambda: f"assert {self.expression()}, {self.some(CALLS)}",
                lambda: f"del {self.some(['x', 'match'])}",
                lambda: "raise X" if self.chance(0.1) else "x += 1",
                lambda: f"match({self.expression()})",
                lambda: "lazy.x; match.y; case[1]",
            ]
        )()

    def gap(self):
        return self.some([" ", " ", " ", "  ", "\t", " \\\n ", "\\\n"])

    def name(self):
        name = self.some(NAMES)
        return name.replace(".", self.some([".", ".", " . "]))

    def importing(self):
        gap = self.gap
        alias = lambda: f"{gap()}as{gap()}x" if self.chance(0.2) else ""  # noqa: E731
        if self.chance(0.4):
            return f"import{gap()}{self.name()}{alias()}" + (
                f",{self.name()}{alias()}" if self.chance(0.3) else ""
            )
        source = self.some(["", "", ".", "..", "...", ". ."])
        source = source + self.name() if self.chance(0.8) or not source else source
        names = [
            self.some(["x", "y", "match", "größe"]) + alias() for _ in range(self.some([1, 2]))
        ]
        if self.chance(0.1):
            return f"from{gap()}{source}{gap()}import{gap()}*"
        if self.chance(0.3):
            inner = self.some([", ", ",\n", ", # c )\n  "]).join(names)
            tail = self.some(["", ",", "\n", ", # ''' (\n"])
            return f"from{gap()}{source}{gap()}import{self.some(['', ' '])}({inner}{tail})"
        return f"from{gap()}{source}{gap()}import{gap()}{', '.join(names)}"

    def string(self, level=0):
        prefix = self.some(PREFIXES)
        quote = self.some(["'", '"', "'''", '"""'])
        text = "".join(self.some(TEXTS) for _ in range(self.random.randint(0, 3)))
        if quote[0] in text.replace("\\" + quote[0], ""):
            text = text.replace(quote[0], "")
        if len(quote) == 3 and self.chance(0.3):
            text = "\nimport no\n" + text
        if "f" in prefix.lower():
            text = text.replace("{0}", "").replace("\\\\", "")
            text += self.field(quote, level)
        if "b" in prefix.lower():
            text = text.replace("ö", "o")
        return f"{prefix}{quote}{text}{quote}"

    def field(self, quote, level):
        if not self.modern or level > 3:
            return self.some(["{x}", "{x!r:>{w}}", "{x:{w}.{p}}", "{x=}", ""])
        inner = self.some(
            [
                lambda: "x",
                lambda: self.string(level + 1),
                lambda: f"d[{self.string(level + 1)}]",
                lambda: "{1: 2}[1]",
                lambda: " {1: (2, '}')}",
                lambda: "(lambda: 1)()",
                lambda: "\nx # } ' \"\n",
                lambda: f"{self.string(level + 1)} + {self.string(level + 1)}",
            ]
        )()
        if inner.startswith("{"):
            inner = " " + inner
        spec = self.some(["", "", "!r", ":>10", ":{w}", ":{w}.{p:{q}}", "=", "!s:^{w}"])
        return f"{{{inner} {spec}}}" if spec[:1] != "!" else f"{{{inner}{spec}}}"

    def expression(self):
        return self.some(
            [
                lambda: "1",
                lambda: "0x1F + 1_0.e5j",
                self.string,
                lambda: f"{self.string()} {self.some(['%', '+', 'in'])} {self.string()}",
                lambda: f"({self.string()}\n  {self.string()})",
                lambda: f"[\nx, # )\n{self.string()}]",
                lambda: f"{{{self.string()}: 1,\n'import_': import_}}",
                lambda: f"x(lambda y: {self.string()},\n *z)",
                lambda: "1 if'a'else'b' or\"c\"",
                lambda: "x. y [1 : 2]",
                lambda: "lambda x, *y: (x, y)",
                lambda: "x == y != z <= 1 @ 2",
                lambda: "... if x else -1",
            ]
        )()

    def compound(self, depth):
        indent = self.unit * depth
        parts = [indent + part for part in self.headers(depth)]
        return "".join(part + self.body(depth) for part in parts)

    def body(self, depth):
        if self.chance(0.25):
            return (
                self.some([" ", ""]) + self.simple() + self.some(["", "; " + self.simple()]) + "\n"
            )
        return self.some(["", " ", "  # c: import no"]) + "\n" + self.block(depth + 1)

    def headers(self, depth):
        condition = self.some(CONDITIONS)
        colon = self.some([":", " :"])
        kind = self.some(
            ["if", "if", "if", "try", "try", "def", "class", "with", "for", "while", "match"]
        )
        if kind == "if":
            chain = ["if " + condition + colon]
            chain += [f"elif {self.some(CONDITIONS)}:" for _ in range(self.some([0, 0, 1, 2]))]
            return chain + ["else :"] * self.some([0, 1])
        if kind == "try":
            tail = [["except:"], ["except E as x:", "except (E, F) :"], ["finally:"]]
            tail += [["except E:", "else:"], ["except E:", "else:", "finally:"]]
            return ["try:", *self.some(tail)]
        if kind == "def":
            return [
                self.some(
                    ["def f():", "def g (x=f()):", "async def h(x: 'a'=1, y=lambda: 2) -> x[1:2]:"]
                )
            ]
        if kind == "class":
            decorator = f"@x({self.string()})\n{self.unit * depth}" if self.chance(0.3) else ""
            return [decorator + self.some(["class C:", "class C(B, m=lambda: x):"])]
        if kind == "with":
            return [self.some([f"with x as y, {self.expression()}:", "with x(\n) as y:"])]
        if kind == "match" and self.modern:
            inner = self.unit * (depth + 1)
            case = self.some(
                ["case 1", "case [1, *_] if x", "case {'a': b, **c}", "case str() | None"]
            )
            subject = self.some(["x", "(x)", "x, y", "[x]", "-x", "'a'", "x[1:2]", "not x"])
            return [
                f"match {subject}:\n{inner}{case}:\n{inner}{self.unit}pass\n{inner}case _:\n"
                f"{inner}{self.unit}import z\n{self.unit * depth}if x:"
            ]
        if kind == "for":
            return [f"for x in {self.expression()}:"] + ["else:"] * self.some([0, 1])
        return [f"while {condition}:"] + ["else:"] * self.some([0, 1])
