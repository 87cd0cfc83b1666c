"""Imports under every condition; its bytecode files are scanned by BytecodeFixtureTests.

To make them again, with each version of Python, in this folder:

    python3 -c "import py_compile as p, sys; p.compile('conditions.py', sys.implementation.cache_tag
    + '.bytecode', 'conditions.py', invalidation_mode=p.PycInvalidationMode.UNCHECKED_HASH)"
"""
import importlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import never1
PY3 = sys.version_info[0] == 3
if PY3:
    import eager1
else:
    import never2
if sys.platform.startswith("win"):
    import never3
elif sys.version_info >= (3, 9):
    import eager2
else:
    import never4
try:
    import tried1
except ImportError:
    import fallback1
    try:
        import tried2
    except ImportError:
        fallback2 = None
else:
    import conditional1
if os.environ.get("X"):
    import conditional2
else:
    import conditional3


class Outer:
    import eager3

    class Inner:
        from . import eager4


def called():
    import eager5


def uncalled():
    import missing


called()
for name in ("loop1", "loop2"):
    __import__(name)
importlib.import_module("dynamic1")
importlib.import_module(".dynamic2", __package__)
importlib.import_module(".dynamic3", "pkg")
if not os.environ:
    raise ImportError
with open(os.devnull) as file:
    import eager6
if __name__ == "__main__":
    import main1
try:
    SETUP
except NameError:
    SETUP = False
if SETUP:
    import never5
if sys.version_info[:2] < (3, 8) or os.name == "nt":
    import never6
if "linux" in sys.platform:
    import eager7
while os.environ:
    import conditional4
    break
from star import *
import p.q as r
from p import q as s
import a, b
