"""Write a tree of modules that import each other.

usage: make_synthetic.py DIRECTORY MODULES DEPTH FAN_OUT BYTES PATH_ENTRIES

The modules form packages of FAN_OUT members nested DEPTH deep, spread over PATH_ENTRIES
directories (path0, path1, ...), which belong on PYTHONPATH. Each module's bytecode is about BYTES long. `use_synthetic.py`
imports all of them: packages import their members in order, as `__init__` files do.
"""

import pathlib
import sys

FUNCTION = (
    "def f{0}(a, b={0}):\n    c = [a * x + {0} for x in range(b)]\n    return a, b, c, 'f{0}'\n\n"
)
FUNCTION_BYTES = 335


def body(size):
    """Return source whose bytecode is about `size` bytes."""
    return "".join(FUNCTION.format(n) for n in range(max(1, size // FUNCTION_BYTES)))


def write(package, name, count, depth, fan_out, text):
    """Write a package of `count` modules, itself included."""
    package.mkdir(parents=True, exist_ok=True)
    left, imports, index = count - 1, [], 0
    nested = min(fan_out, 1 + left // (fan_out + 1)) if depth > 1 and left > fan_out else 0
    share = left // nested if nested else 0
    for index in range(nested):
        size = share + (1 if index < left % nested else 0)
        write(package / f"p{index}", f"p{index}", size, depth - 1, fan_out, text)
        imports.append(f"from . import p{index}\n")
    for index in range(0 if nested else left):
        (package / f"m{index}.py").write_text(text)
        imports.append(f"from . import m{index}\n")
    (package / "__init__.py").write_text("".join(imports) + text)


def main():
    """Write the tree and the script that imports it."""
    root = pathlib.Path(sys.argv[1])
    modules, depth, fan_out, size, entries = map(int, sys.argv[2:7])
    text = body(size)
    entries = max(1, min(entries, modules))
    for entry in range(entries):
        share = modules // entries + (1 if entry < modules % entries else 0)
        write(root / f"path{entry}" / f"tree{entry}", "", share, depth, fan_out, text)
    script = "".join(f"import tree{entry}\n" for entry in range(entries))
    (root / "use_synthetic.py").write_text(script)


main()
