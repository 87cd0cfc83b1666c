"""The oracle notices what it must: a faithful mock passes, and every mutant is caught."""

import pytest
from oracle import Case, Grove, discover
from oracle import outcome as outcomes
from oracle.lanes import STOCK, URING
from oracle.places import MUTANTS
from test_mutation import check

pytestmark = pytest.mark.part("oracle")

PROGRAMS = {
    "plain": dict(
        files={"mod.py": "import pkg\n", "pkg/__init__.py": "from . import a\n", "pkg/a.py": ""},
        body="import mod, pkg.a, bisect\n",
    ),
    "reload": dict(
        files={"mod.py": "value = 1\n"},
        body="import mod, importlib\nimportlib.reload(mod)\nprint(mod.value)\n",
    ),
    "edit": dict(
        files={"mod.py": "value = 1\n"},
        body="""
        import mod, importlib, os
        open('mod.py', 'w').write('value = 22')
        importlib.reload(mod)
        print(mod.value)
        """,
        pycs="missing",
        flags=("-B",),
    ),
    "create": dict(
        files={"mod.py": "", "later/keep.txt": ""},
        body="""
        import sys, importlib
        sys.path.insert(0, sys.path[0] + '/later')
        try:
            import late
        except ImportError:
            pass
        open(sys.path[0] + '/late.py', 'w').write('value = 1')
        importlib.invalidate_caches()
        import late
        """,
    ),
    "namespace": dict(files={"space/part.py": ""}, body="import space.part\n"),
    "fork": dict(
        files={"mod.py": ""},
        body="""
        import os, mod
        if os.fork() == 0:
            os._exit(0)
        print(len(os.listdir('/proc/self/task')), os.wait()[1])
        """,
        flags=("-W", "always"),
    ),
    "extension": dict(body="import _heapq, array\nprint(_heapq.__file__)\n"),
    "twice": dict(
        files={"mod.py": ""},
        body="""
        import sys, importlib.util, mod
        first, second = (importlib.util.find_spec('mod') for _ in range(2) if sys.modules.pop('mod', 1))
        print(first is second, first.loader is second.loader)
        """,
    ),
    "missing": dict(files={"mod.py": "value = 1\n"}, body="import mod\n", pycs="missing"),
}

MUTANT_PROGRAMS = {
    "": list(PROGRAMS),
    "subclassed-loaders": ["plain"],
    "thread-at-fork": ["fork"],
    "negative-cache": ["create"],
    "extra-listing": ["plain"],
    "namespace-blind": ["namespace"],
    "spec-reuse": ["twice"],
    "stale-bytes": ["edit"],
    "silent-open": ["reload"],
    "double-open": ["plain"],
    "hook-first": ["plain"],
    "source-only": ["extension"],
    "imports-threading": ["plain"],
    "eager-import": ["plain"],
    "descriptor-leak": ["plain"],
    "prints": ["plain"],
    "blocks-signals": ["plain"],
    "raises-limit": ["plain"],
    "stops-bytecode": ["missing"],
}


def _case(mutant, program):
    return Case(**{**PROGRAMS[program], "environment": {"ORACLE_MUTANT": mutant}})


@pytest.fixture(scope="module")
def mutant_grove(tmp_path_factory):
    """Lanes with the mock hook; the programs of every mutant planted."""
    interpreter = discover()[-1]
    grove = Grove(tmp_path_factory.mktemp("mutants"), MUTANTS, (STOCK, URING))
    grove.prepare([interpreter])
    for mutant, programs in MUTANT_PROGRAMS.items():
        for program in programs:
            key = "%s.%s" % (mutant, program)
            outcomes.plant(grove, key, _case(mutant, program), interpreter)
    grove.settle()
    return grove, interpreter


@pytest.mark.parametrize("mutant", list(MUTANT_PROGRAMS), ids=lambda name: name or "faithful")
def test_mutants_are_caught(mutant_grove, mutant):
    grove, interpreter = mutant_grove
    found = []
    for program in MUTANT_PROGRAMS[mutant]:
        key = "%s.%s" % (mutant, program)
        found += outcomes.run(grove, key, _case(mutant, program), interpreter).differences()
    assert not [each for each in found if "void" in each], found
    assert bool(found) == bool(mutant), found


@pytest.mark.parametrize("mutant", ["negative-cache"])
def test_the_property_catches_mutants(mutant_grove, mutant):
    grove, interpreter = mutant_grove
    with pytest.raises(AssertionError):
        check(grove, interpreter, 30, {"ORACLE_MUTANT": mutant})
