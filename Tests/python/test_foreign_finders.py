"""Hooks, finders and loaders of others, put in place before and after ours (cases 16, 26, I10-I12).

A step changes the import machinery. *After* means that importahead runs already; *before* that it is
activated by the program itself, behind the step.
"""

import shutil
import subprocess
import textwrap
import time

import pytest
from awaited import HAS_FETCHED
from foreign_steps import STEPS, TOOLS
from oracle import Case, case
from oracle.interpreters import clean_environment
from oracle.lanes import ACTIVATION, SETTLING_SECONDS

pytestmark = [pytest.mark.part("path hook"), pytest.mark.kind("source")]

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n",
    "mod.py": "import pkg.a\nvalue = 'mod'\n",
    "last.py": "value = 'last'\n",
    "sub/deep.py": "value = 'deep'\n",
    "odd.other": "value = 'other suffix'\n",
    "both.other": "value = 'other suffix'\n",
    "both.py": "value = 'usual suffix'\n",
    "away/gone.py": "value = 'away'\n",
}

IMPORTS = """
import importlib, sys
found = []
for wanted in ('last', 'mod', 'pkg.a', 'odd', 'both', 'gone', 'json', 'sub.deep'):
    try:
        module = importlib.import_module(wanted)
        kind = type(module.__loader__).__name__
        found.append((wanted, getattr(module, 'value', None), kind, str(module.__file__)[-12:]))
    except ImportError as error:
        found.append((wanted, str(error)))
print(found)
importlib.invalidate_caches()
from importlib.machinery import FileFinder
each = sys.path_importer_cache.get(sys.path[0])
print(isinstance(each, FileFinder), [suffix for suffix, _ in getattr(each, '_loaders', ())])
"""

# What `site` does with our `.pth` file, in the middle of a program.
ACTIVATE = """
import os, site, sys
_version = 'python%d.%d' % sys.version_info[:2]
_prefix = os.path.dirname(os.path.dirname(sys.executable))
site.addsitedir(os.path.join(_prefix, 'lib', _version, 'site-packages'))
"""


def _step(text):
    return TOOLS + textwrap.dedent(text)


def _after():
    for name, text in STEPS.items():
        made = Case(
            files={**FILES, "first.py": _step(text)},
            body="import first\n" + IMPORTS,
            served=True,
            known=True,
        )
        yield pytest.param(made, id=name.replace(" ", "-"))


def _before():
    for name, text in STEPS.items():
        body = "import first\n" + ACTIVATE + HAS_FETCHED + "print('begin')\n" + IMPORTS
        made = Case(files={**FILES, "first.py": _step(text)}, body=body, flags=("-S",), active=None)
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_after()))
def test_16_i10_i12_the_machinery_changed_after_activation(outcome, case):
    assert "('mod', " in outcome.text


@pytest.mark.parametrize("case", list(_before()))
def test_16_i10_i12_the_machinery_changed_before_activation(raw_outcome, case):
    # Activation is part of this program, so that only what it prints after that can be compared.
    outcome = raw_outcome
    assert "('mod', " in outcome.text
    expected = outcome.text.partition("begin\n")[2].splitlines()
    for run in outcome.hooked():
        assert run.statistics.get("backend", "none") != "none", "void: %s" % (run.statistics,)
        found = run.stdout.decode().partition("begin\n")[2].splitlines()
        assert (run.status, found) == (outcome.stock.status, expected)
        assert run.stderr == outcome.stock.stderr


@case(
    files=FILES,
    body="""
    import sys, mod
    hooks = [hook for hook in sys.path_hooks if 'FileFinder' in repr(hook)]
    print(len(hooks), [repr(hook) for hook in sys.path_hooks])
    (hook,) = hooks
    made = hook(sys.path[0])
    print(made)
    print([name for name in ('find_spec', 'invalidate_caches', 'path') if hasattr(made, name)])
    print(type(made.find_spec('last').loader).__name__, made.find_spec('absent'))
    """,
    served=True,
    known=True,
)
def test_i11_one_path_hook_is_of_file_finders(outcome):
    """What ansible demands at its start."""
    assert outcome.text.startswith("1 ")


@case(
    files=FILES,
    body="""
    import sys, mod
    from importlib.machinery import FileFinder
    kinds = {type(each) for each in sys.path_importer_cache.values()}
    print(kinds <= {FileFinder, type(None)} or sorted(map(str, kinds)))
    print(len(sys.path_hooks), len(sys.meta_path))
    print({key: type(each).__name__ for key, each in vars(FileFinder).items()
           if key in ('path_hook', '__init__', '__repr__')})
    """,
    served=True,
    known=True,
)
def test_i10_i11_the_finders_are_of_importlibs_class(outcome):
    assert outcome.text.startswith("True\n")


@case(
    files={
        **FILES,
        "first.py": TOOLS
        + "sys.path_hooks.insert(0, FileFinder.path_hook((Loud, ['.other', '.py'])))\n"
        "sys.path_importer_cache.clear()\n",
    },
    body="""
    import first, importlib, sys
    import last
    sys.path_hooks.remove(sys.path_hooks[0])
    sys.path_importer_cache.clear()
    import mod
    importlib.invalidate_caches()
    try:
        import odd
    except ImportError as error:
        print(error)
    print(type(last.__loader__).__name__, type(mod.__loader__).__name__)
    """,
    served=True,
    known=True,
)
def test_16_i12_a_path_hook_that_comes_and_goes(outcome):
    assert "Loud SourceFileLoader" in outcome.text


SHOUT = """
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
class Shout(SourceFileLoader):
    def source_to_code(self, data, path, **options):
        return super().source_to_code(bytes(data).replace(b'quiet', b'LOUD'), path)
    def path_stats(self, path):
        raise OSError('no bytecode')
def install(done=[]):
    if not done:  # `site` reads the files of a virtual environment twice
        sys.path_hooks.insert(0, FileFinder.path_hook((Shout, ['.shout'] + SOURCE_SUFFIXES)))
    done.append(True)
"""

SHOUT_PROGRAM = """
import plain, secret
print(plain.word, type(plain.__loader__).__name__)
print(secret.word, type(secret.__loader__).__name__)
"""


@pytest.mark.parametrize("way", ["aaa.pth", "zzz.pth", "sitecustomize"])
def test_16_i12_a_pth_file_that_puts_a_path_hook_in_front(grove, interpreter, way, tmp_path):
    """Its name decides whether it runs before our `.pth` file; `sitecustomize` comes after all."""
    pythons = {}
    for lane in grove.lanes:
        root = tmp_path / lane.name
        command = [interpreter.executable, "-I", "-m", "venv", "--without-pip", str(root / "env")]
        subprocess.run(command, check=True, env=clean_environment())
        packages = next(root.glob("env/lib/python*/site-packages"))
        (packages / "shout.py").write_text(SHOUT)
        (packages / way).with_suffix(".pth").write_text("import shout; shout.install()\n")
        if lane.hooked and way != "sitecustomize":
            shutil.copytree(lane.site() / "importahead", packages / "importahead")
            (packages / "importahead.pth").write_text(ACTIVATION)
        (root / "plain.py").write_text("word = 'quiet'\n")
        (root / "secret.shout").write_text("word = 'quiet secret'\n")
        (root / "main.py").write_text(HAS_FETCHED + SHOUT_PROGRAM)
        pythons[lane] = str(root / "env" / "bin" / "python")
    time.sleep(SETTLING_SECONDS)
    outcomes = {}
    for lane, python in pythons.items():
        environment = {**clean_environment(), **lane.variables()}
        if lane.hooked and way == "sitecustomize":
            environment["PYTHONPATH"] = str(lane.site())
        done = subprocess.run(
            [python, "-B", "main.py"],
            cwd=tmp_path / lane.name,
            env=environment,
            capture_output=True,
        )
        outcomes[lane.name] = (done.returncode, done.stdout, done.stderr)
    assert len({repr(each) for each in outcomes.values()}) == 1, outcomes
    assert outcomes["stock"] == (0, b"LOUD Shout\nLOUD secret Shout\n", b"")
