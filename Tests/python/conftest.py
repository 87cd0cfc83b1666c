"""Fixtures of the differential tests; see `oracle/__init__.py` for what a lane is."""

import hashlib
import os
import pickle
import sys
import threading
import time
import zlib
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from oracle import Grove, discover, packages
from oracle import outcome as outcomes
from oracle.lanes import SETTLING_SECONDS, remove_tree
from oracle.places import PRODUCT, SCRATCH, own_caches
from oracle.schedule import Schedule

# Fixtures that more than one file of tests uses.
pytest_plugins = ["profiled", "bundled", "launched", "stalled"]

# How long a test waits for the runs of its case, behind those of all others; seconds.
PATIENCE = 1200


def pytest_addoption(parser):
    """Adds `--full`, the long version of everything."""
    parser.addoption("--full", action="store_true", help="every interpreter, module and package")
    parser.addoption("--leave-out", default="", help="kinds of difference not to look at")
    parser.addoption("--hook", default=str(PRODUCT), help="folder of the hook to test")


def pytest_configure(config):
    """Registers the marks, and keeps everything that is started from the user's cache."""
    os.environ.update(own_caches())
    outcomes.LEFT_OUT.update(config.getoption("--leave-out").split())
    config.addinivalue_line("markers", "case(case): the program whose outcome is compared")
    config.addinivalue_line("markers", "full: only with --full")
    config.addinivalue_line("markers", "library(size): one test for so many library modules")
    config.addinivalue_line("markers", "kind(name): kind of module a case is about")
    config.addinivalue_line("markers", "part(name): part of the import protocol it is about")


def chosen_interpreters(config, module):
    """Every interpreter; but the newest where packages would have to be installed for each."""
    found = discover()
    if config.getoption("--full") or os.environ.get("ORACLE_PYTHONS"):
        return found
    return found[-1:] if module in ("test_packages", "test_tools") else found


def pytest_generate_tests(metafunc):
    """Runs each case on each interpreter it speaks of."""
    if metafunc.definition.get_closest_marker("library"):
        return  # the module knows which
    if {"interpreter", "grove"} <= set(metafunc.fixturenames):
        found = chosen_interpreters(metafunc.config, metafunc.module.__name__)
        mark = metafunc.definition.get_closest_marker("case")
        if mark and mark.args:
            low, high = mark.args[0].versions
            found = [each for each in found if low <= each.minor < high]
        marks = () if found else pytest.mark.skip(reason="no interpreter of such a version here")
        values = found or [pytest.param(None, marks=marks)]
        metafunc.parametrize(
            "interpreter", values, ids=lambda each: each.name if each else "none", scope="session"
        )


def pytest_collection_modifyitems(config, items):
    """Without `--full`: leaves out what is marked so, and runs each case on one interpreter.

    Which one follows from the case's name, so that all of them have their share of the cases.
    """
    if config.getoption("--full"):
        return
    kept, left_out = [], []
    chosen = os.environ.get("ORACLE_PYTHONS")
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="only with --full (make conformance)"))
        found = interpreters_of(item)
        turn = zlib.crc32(nameless(item).encode()) % max(len(found), 1)
        ours = chosen or len(found) < 2 or interpreter_of(item) == found[turn]
        (kept if ours else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def interpreters_of(item):
    """The interpreters an item is repeated on."""
    named = getattr(item, "callspec", None) is not None and "grove" in item.fixturenames
    if not named or not interpreter_of(item) or item.get_closest_marker("library"):
        return ()
    module = item.module.__name__
    low, high = case_of(item).versions if has_case(item) else ((3, 0), (4, 0))
    found = chosen_interpreters(item.config, module)
    return [each for each in found if low <= each.minor < high]


def has_case(item):
    """Whether an item is about a `Case`."""
    return bool(item.callspec.params.get("case") or item.get_closest_marker("case"))


def nameless(item):
    """An item's name without that of its interpreter."""
    return item.nodeid.replace(interpreter_of(item).name, "") if interpreters_of(item) else ""


def key_of(item):
    """A short name for an item's tree, alike in every lane."""
    digest = hashlib.sha256(item.nodeid.encode()).hexdigest()[:8]
    return "%s-%s" % (item.originalname.replace("test_", "")[:40], digest)


def interpreter_of(item):
    """The interpreter an item runs on."""
    return item.callspec.params.get("interpreter")


def case_of(item):
    """The case of an item: of its mark, or its `case` parameter."""
    mark = item.get_closest_marker("case")
    return item.callspec.params.get("case") or mark.args[0]


@pytest.fixture(scope="session")
def grove(request):
    """The lanes of the hook under test."""
    hook = Path(request.config.getoption("--hook"))
    if not (hook / "sitecustomize.py").exists():
        pytest.skip("no hook in %s: run `make build`" % hook)
    made = Grove(SCRATCH / hook.name, hook)
    items = [item for item in request.session.items if "grove" in item.fixturenames]
    named = {interpreter_of(item) for item in items if hasattr(item, "callspec")}
    made.prepare(named - {None} or set(discover()))
    yield made
    for lane in made.lanes:
        for trees in (lane.root / "cases", lane.root / "known"):
            remove_tree(trees)


@pytest.fixture(scope="session")
def forerunner(request, grove):
    """The outcomes of all selected cases, on their way."""
    made = Forerunner(grove)
    items = [item for item in request.session.items if "raw_outcome" in item.fixturenames]
    items = [item for item in items if not item.get_closest_marker("skip")]
    for item in items:
        made.announce(key_of(item), case_of(item), interpreter_of(item))
    made.begin()
    yield made
    made.close()


class Forerunner:
    """Plants and runs cases in the order of their tests, each when its tree is old enough."""

    def __init__(self, grove):
        self._grove = grove
        self._schedule = Schedule()
        self._queues = {}
        self._outcomes = {}

    def announce(self, key, case, interpreter):
        """Notes a case to be run."""
        self._outcomes[key] = Future()
        queue = self._queues.setdefault((case.flavour, interpreter), [])
        queue.append((key, case, interpreter))

    def begin(self):
        """Starts with what needs no packages; the others follow when theirs are installed."""
        for (flavour, interpreter), queue in self._queues.items():
            if flavour in ("pth", "bare"):
                self._plant(queue)
            else:
                installing = threading.Thread(
                    target=self._install, args=(flavour, interpreter, queue), daemon=True
                )
                installing.start()

    def outcome(self, key):
        """The outcome of a case, waited for, and forgotten here."""
        found = self._outcomes[key].result(timeout=PATIENCE)
        del self._outcomes[key]
        return replace(found, runs=pickle.loads(zlib.decompress(found.runs)))

    def close(self):
        """Ends what goes on."""
        self._schedule.close()

    def _install(self, flavour, interpreter, queue):
        try:
            packages.install(self._grove, interpreter, flavour)
        except BaseException as error:  # a skip among them
            for key, _, _ in queue:
                self._outcomes[key].set_exception(error)
        else:
            self._plant(queue)

    def _plant(self, queue):
        for key, case, interpreter in queue:
            self._schedule.add(self._step, outcomes.plant, self._settle, key, case, interpreter)

    def _settle(self, _, key, case, interpreter):
        step = self._step, outcomes.run, self._finish, key, case, interpreter
        self._schedule.add(*step, at=time.time() + SETTLING_SECONDS)

    def _finish(self, outcome, key, case, interpreter):
        # Thousands may wait for a test that waits for packages to be installed; each is megabytes.
        runs = zlib.compress(pickle.dumps(outcome.runs, pickle.HIGHEST_PROTOCOL), 1)
        self._outcomes[key].set_result(replace(outcome, runs=runs))
        outcomes.uproot(self._grove, key, case)

    def _step(self, work, then, key, case, interpreter):
        try:
            then(work(self._grove, key, case, interpreter), key, case, interpreter)
        except BaseException as error:  # a skip among them
            self._outcomes[key].set_exception(error)


@pytest.fixture
def raw_outcome(request, forerunner, interpreter):
    """The runs of the test's case, not compared."""
    case = case_of(request.node)
    low, high = case.versions
    if not low <= interpreter.minor < high:
        pytest.skip("not a case of Python %s" % interpreter.name)
    return forerunner.outcome(key_of(request.node))


@pytest.fixture
def outcome(raw_outcome):
    """The runs of the test's case, which must not differ."""
    found = raw_outcome.differences()
    assert not found, "\n".join(found[:12])
    return raw_outcome
