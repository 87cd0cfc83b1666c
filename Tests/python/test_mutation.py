"""Property: whatever changes while a program runs, importahead and stock see the same (I5-I10).

A program is a sequence of steps over a tree of modules: it imports, edits, replaces, deletes,
reloads, changes paths and the machinery's settings, and prints what came of each step. Trees are
planted in advance, because files younger than two seconds are never served.

What is written gets a modification time that counts the steps. By the clock it would depend on how
fast a lane runs: importlib compares whole seconds, and a bytecode file keeps its source's.
"""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import Case
from oracle import outcome as outcomes
from oracle.case import PLANTED_AT, PROLOGUE

pytestmark = [pytest.mark.part("loader"), pytest.mark.kind("source")]

SHAPES, COPIES = 6, 4
MODULES = ["a", "b", "c", "d", "pkg", "pkg.x", "pkg.y", "pkg.sub", "pkg.sub.z", "space.p", "twin"]
FOLDERS = [".", "pkg", "pkg/sub", "space", "other"]

# What the steps of a program call; `show` prints the outcome of one of them.
PRELUDE = """
import importlib, importlib.util, os, shutil, sys, time
ROOT = os.getcwd()

def path_of(name):
    base = os.path.join(ROOT, *name.split('.'))
    return base + '.py' if not os.path.isdir(base) else os.path.join(base, '__init__.py')

STAMPS = iter(range(1_700_000_000, 1_800_000_000))

def write(path, text, keep=False):
    before = os.stat(path) if keep and os.path.exists(path) else None
    with open(path, 'w') as stream:
        stream.write(text)
    stamp = before.st_mtime if before else next(STAMPS)
    os.utime(path, (stamp, stamp))
    time.sleep(0.006)

def load(name):
    return getattr(importlib.import_module(name), 'value', None)

def reload(name):
    return importlib.reload(sys.modules[name]).value

def forget(name):
    for each in [each for each in sys.modules if each == name or each.startswith(name + '.')]:
        del sys.modules[each]

def edit(name, number):
    write(path_of(name), 'value = %d\\n' % number)

def edit_unnoticed(name, number):
    text = open(path_of(name)).read()
    write(path_of(name), text.replace('1000', str(number)), keep=True)

def replace(name, number):
    write(path_of(name) + '.new', 'value = %d\\n' % number)
    os.replace(path_of(name) + '.new', path_of(name))
    time.sleep(0.006)

def delete(name):
    os.remove(path_of(name))
    time.sleep(0.006)

def create(folder, name, number):
    write(os.path.join(ROOT, folder, name + '.py'), 'value = %d\\n' % number)

def drop_bytecode(folder):
    shutil.rmtree(os.path.join(ROOT, folder, '__pycache__'))
    time.sleep(0.006)

def damage_bytecode(name, size):
    with open(importlib.util.cache_from_source(path_of(name)), 'r+b') as stream:
        stream.truncate(size)

def package_from(name):
    os.remove(path_of(name))
    os.mkdir(os.path.join(ROOT, name))
    write(os.path.join(ROOT, name, '__init__.py'), 'value = "package"\\n')

def add_path(folder, place):
    sys.path.insert(place, os.path.join(ROOT, folder) if folder != '.' else '')

def change_folder(folder):
    os.chdir(os.path.join(ROOT, folder))

def extend(name, folder):
    sys.modules[name].__path__.append(os.path.join(ROOT, folder))

def no_bytecode(flag):
    sys.dont_write_bytecode = flag

def prefix(name):
    sys.pycache_prefix = name and os.path.join(ROOT, name)

def forget_finders():
    sys.path_importer_cache.clear()

def rotate_hooks():
    # By kind: where importlib has one hook there are two, side by side (docs/compliance.md).
    kind = sys.path_hooks[0].__qualname__
    first = [hook for hook in sys.path_hooks if hook.__qualname__ == kind]
    rest = [hook for hook in sys.path_hooks if hook.__qualname__ != kind]
    sys.path_hooks[:] = rest + first
    sys.path_importer_cache.clear()

def find(name):
    spec = importlib.util.find_spec(name)
    return spec and (spec.origin, spec.cached, type(spec.loader).__name__)

def show(step, *arguments):
    try:
        print(step.__name__, arguments, step(*arguments))
    except BaseException as error:
        print(step.__name__, arguments, type(error).__name__, error)
"""

NAMES = st.sampled_from([*MODULES, "late"])
STEPS = st.one_of(
    st.builds("show(load, {!r})".format, NAMES),
    st.builds("show(load, {!r})".format, NAMES),
    st.builds("show(load, {!r})".format, NAMES),
    st.builds("show(forget, {0!r}); show(load, {0!r})".format, NAMES),
    st.builds("show(reload, {!r})".format, NAMES),
    st.builds("show(find, {!r})".format, NAMES),
    st.builds("show(edit, {!r}, {})".format, NAMES, st.integers(10, 99999)),
    st.builds("show(edit_unnoticed, {!r}, {})".format, NAMES, st.integers(1001, 9999)),
    st.builds("show(replace, {!r}, {})".format, NAMES, st.integers(10, 9999)),
    st.builds("show(delete, {!r})".format, NAMES),
    st.builds("show(package_from, {!r})".format, st.sampled_from("abcd")),
    st.builds(
        "show(create, {!r}, {!r}, {})".format,
        st.sampled_from(FOLDERS),
        st.sampled_from(["late", "twin", "a", "z"]),
        st.integers(1, 99),
    ),
    st.builds("show(drop_bytecode, {!r})".format, st.sampled_from(FOLDERS)),
    st.builds("show(damage_bytecode, {!r}, {})".format, NAMES, st.sampled_from([0, 9, 16, 40])),
    st.just("show(importlib.invalidate_caches)"),
    st.builds("show(add_path, {!r}, {})".format, st.sampled_from(FOLDERS), st.integers(0, 3)),
    st.just("show(sys.path.pop)"),
    st.builds("show(change_folder, {!r})".format, st.sampled_from(FOLDERS)),
    st.builds(
        "show(extend, {!r}, {!r})".format, st.sampled_from(["pkg", "pkg.sub"]), st.just("other")
    ),
    st.builds("show(no_bytecode, {})".format, st.booleans()),
    st.builds("show(prefix, {!r})".format, st.sampled_from(["cache", None])),
    st.just("show(forget_finders)"),
    st.just("show(rotate_hooks)"),
)


def tree(shape):
    """A tree of modules that import one another; the shape seeds which ones."""
    chance = random.Random(shape)
    files = {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "other/y.py": "value = 'other'\n"}
    for name in MODULES:
        wanted = [each for each in MODULES if each > name and chance.random() < 0.25]
        lines = ["try:\n    import %s\nexcept ImportError: pass\n" % each for each in wanted]
        path = name.replace(".", "/")
        path += "/__init__.py" if path + "/__init__.py" in files else ".py"
        files[path] = "".join(lines) + "value = 1000\n"
    files["other/twin.py"] = "value = 2000\n"
    return files


EVERYTHING = "".join("try:\n    import %s\nexcept ImportError: pass\n" % name for name in MODULES)


def program(steps):
    """The text of a program: a block of imports first, so that something is read ahead."""
    return "import a\nimport pkg.sub.z\n" + PRELUDE + "\n".join(steps) + "\n"


class Pool:
    """Planted trees, each used once; planted anew, all together, when they are used up.

    In the known lane each has a profile: that of a program that imports everything, made before
    some of the tree was changed.
    """

    STATES = ["fresh", "missing", "fresh", "unchecked", "checked", "stale-mtime"]

    def __init__(self, grove, interpreter, environment):
        self.grove = grove
        self.interpreter = interpreter
        self.environment = environment
        self._ready = {shape: [] for shape in range(SHAPES)}

    def take(self, shape):
        """The key of an untouched tree of a shape."""
        if not self._ready[shape]:
            self._plant()
        return self._ready[shape].pop()

    def _plant(self):
        missing = [
            (shape, copy)
            for shape, ready in self._ready.items()
            for copy in range(COPIES)
            if self._key(shape, copy) not in ready
        ]
        with ThreadPoolExecutor() as threads:
            for key in threads.map(self._plant_one, *zip(*missing)):
                self._ready[int(key.split("-")[1])].append(key)
        self.grove.settle()

    def _plant_one(self, shape, copy):
        key = self._key(shape, copy)
        case = self._case(EVERYTHING, files=tree(shape), pycs=self.STATES[shape])
        outcomes.plant(self.grove, key, case, self.interpreter)
        return key

    def _key(self, shape, copy):
        return "mutation-%d-%d-%s" % (shape, copy, self.interpreter.name)

    def _case(self, body, **keywords):
        known = not self.environment
        return Case(
            body=body, environment=self.environment, known=known, between=age_profile, **keywords
        )

    def run(self, steps):
        """Runs a program on a fresh tree in every lane and returns what differs."""
        key = self.take(crc32("".join(steps).encode()) % SHAPES)
        case = self._case(program(steps))
        for lane in outcomes.lanes_of(self.grove, key, case):
            script = outcomes.tree_of(lane, key) / "main.py"
            script.write_text(PROLOGUE + program(steps))
        return outcomes.run(self.grove, key, case, self.interpreter)


def age_profile(root):
    """Makes what a profile says wrong in some places, for every other shape."""
    if int(root.name.split("-")[1]) % 2:
        return
    (root / "b.py").write_text("import d\nvalue = 1000\n")
    (root / "c.py").unlink()
    (root / "pkg" / "x").mkdir()
    (root / "pkg" / "x" / "__init__.py").write_text("value = 1000\n")
    for path in (root / "b.py", root / "pkg" / "x" / "__init__.py"):
        os.utime(path, (PLANTED_AT, PLANTED_AT))


def check(grove, interpreter, examples, environment=None):
    """Runs the property so many times; the examples are always the same ones."""
    pool = Pool(grove, interpreter, environment or {})

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=True,
        phases=(Phase.generate,) if environment else (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(STEPS, min_size=4, max_size=16))
    def holds(steps):
        found = pool.run(steps).differences()
        assert not found, "\n".join([*steps, *found[:6]])

    holds()


def test_mutation_while_it_runs(grove, interpreter):
    check(grove, interpreter, 18)


@pytest.mark.full
def test_mutation_while_it_runs_at_length(grove, interpreter):
    check(grove, interpreter, SHAPES * COPIES * 9)
