"""The oracle's own reading of bytecode whose bytes depend on what else is loaded."""

import subprocess

import pytest
from oracle import discover
from oracle.marshalled import same_code

TEXT = """
import os
def function(first, second=(1, 2.5, 3j, 10**30, b"bytes", "t\\u00e9xt"), *rest, third=None):
    def inner(): return first, second.mentioned_once
    return [inner, {"key": frozenset(rest)}, ..., True, "a longer text, with blanks"]
class Kind:
    '''A docstring.'''
    value = -1
"""

# Whether anybody holds a name when it is written decides how it is written.
PROGRAM = """
import importlib.util, marshal, sys
text, holds = sys.argv[1], sys.argv[2] == "held"
held = sys.intern("".join(["mentioned", "_once"])) if holds else None
code = compile(text, "module.py", "exec")
sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
"""

old = pytest.mark.parametrize(
    "interpreter",
    [each for each in discover() if each.minor in ((3, 9), (3, 10))],
    ids=lambda each: each.name,
)


def compiled(interpreter, text, held="free"):
    """A bytecode file's content."""
    command = [interpreter.executable, "-I", "-c", PROGRAM, text, held]
    return subprocess.run(command, check=True, capture_output=True).stdout


@old
def test_the_same_code_in_other_bytes(interpreter):
    free, held = (compiled(interpreter, TEXT, each) for each in ("free", "held"))
    assert free != held
    assert same_code(free, held)


@old
@pytest.mark.parametrize(
    "change",
    [("2.5", "2.25"), ("-1", "-2"), ("first", "fifth"), ("rest", "rust"), ("A doc", "No doc")],
    ids=lambda change: change[1],
)
def test_other_code(interpreter, change):
    assert not same_code(compiled(interpreter, TEXT), compiled(interpreter, TEXT.replace(*change)))


@old
def test_damage(interpreter):
    content = compiled(interpreter, TEXT)
    assert not any(same_code(content, content[:size]) for size in range(len(content)))
    assert not same_code(content, content + b"N")
    assert not same_code(content, content[:8] + b"time" + content[12:])


def test_other_versions_are_compared_by_their_bytes():
    content = (3495).to_bytes(2, "little") + b"\r\n" + bytes(12) + b"N"
    assert not same_code(content, content)
