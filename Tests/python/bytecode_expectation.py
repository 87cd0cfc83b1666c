"""What the imports of bytecode files are, according to `dis` of the interpreter that runs this.

Reads paths of bytecode files from standard input, one a line, and prints one JSON line for each:
`{"path", "statements": [[line, level, module, names], ...], "literals", "stored", "imported"}`.
Imports are those of module-level code and of class bodies. `literals` are the strings that a
call of `__import__` or `import_module` could be given; `stored` the names that module-level code
binds, `imported` those among them that an import statement binds and nothing else does.

Run by `test_bytecode_oracle.py` with each interpreter; needs nothing but the standard library.
"""

import dis
import json
import marshal
import sys

OPTIMIZED = 1
IMPORTERS = {"__import__", "import_module"}


def evaluated(code):
    """The code objects that importing runs: `code`, and the bodies of its classes."""
    yield code
    for constant in code.co_consts:
        if not hasattr(constant, "co_code"):
            continue
        # Functions keep their names in slots; the code of modules and classes does not. The
        # parameters of a generic class stand in a function around it.
        if not constant.co_flags & OPTIMIZED or constant.co_name.startswith("<generic param"):
            yield from evaluated(constant)


def line_of(starts, offset):
    """The line of the instruction at `offset`; 0 where it has none."""
    found = 0
    for start, line in starts:
        if start > offset:
            break
        found = line or 0
    return found


def literals(code):
    """The strings among the constants of `code`, and in its tuples of constants."""
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from (item for item in constant if isinstance(item, str))


def expectation(code):
    """What importing a module with this code imports and binds."""
    statements, texts, stored, imported = [], set(), set(), {}
    for part in evaluated(code):
        if IMPORTERS & set(part.co_names):
            texts.update(literals(part))
        instructions = [
            each for each in dis.get_instructions(part) if each.opname != "EXTENDED_ARG"
        ]
        starts = (
            list(dis.findlinestarts(part))
            if any(each.opname == "IMPORT_NAME" for each in instructions)
            else []
        )
        for index, each in enumerate(instructions):
            if each.opname == "IMPORT_NAME":
                level, names = (instructions[index - back].argval for back in (2, 1))
                line = line_of(starts, each.offset)
                statements.append([line, level, each.argval, list(names or ())])
            elif each.opname in ("STORE_NAME", "STORE_GLOBAL") and part is code:
                stored.add(each.argval)
                before = [other.opname for other in instructions[max(index - 3, 0) : index]]
                # `import a.b as c` looks b up, swaps it with the package, and drops that.
                by_import = before[-1:] in (["IMPORT_NAME"], ["IMPORT_FROM"]) or (
                    before[:1] == ["IMPORT_FROM"] and before[-1] == "POP_TOP"
                )
                imported[each.argval] = imported.get(each.argval, True) and by_import
    return {
        "statements": sorted(statements),
        "literals": sorted(texts),
        "stored": sorted(stored),
        "imported": sorted(name for name, only in imported.items() if only),
    }


def main():
    """Prints the expectation of each file named on standard input."""
    for path in sys.stdin.read().splitlines():
        with open(path, "rb") as file:
            code = marshal.loads(file.read()[16:])
        print(json.dumps({"path": path, **expectation(code)}))


if __name__ == "__main__":
    main()
