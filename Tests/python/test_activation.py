"""How the hook is switched on, and that it is never in the way (cases 35, 38, 39, A1-A13)."""

import os
import subprocess
from pathlib import Path

import pytest
from oracle import Case, case, discover
from oracle.lanes import remove_tree

pytestmark = [pytest.mark.part("activation"), pytest.mark.kind("source")]

FILES = {"mod.py": "import pkg\nvalue = 'mod'\n", "pkg/__init__.py": "value = 'pkg'\n"}
BODY = "import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\nimport mod\nprint(mod.value)\n"


def _starts():
    yield "pth", {}, True
    yield "pth-I", {"flags": ("-I",)}, True
    yield "pth-E", {"flags": ("-E",)}, True
    yield "pth-s", {"flags": ("-s",)}, True
    yield "pth-S", {"flags": ("-S",)}, False
    yield "pth-P", {"flags": ("-P",), "versions": ((3, 11), (4, 0))}, True
    yield "pth-B", {"flags": ("-B",)}, True
    yield "pth-u", {"flags": ("-u",)}, True
    yield "pth-bb", {"flags": ("-bb",)}, True
    # Loading any extension module in development mode loads `encodings.ascii`.
    yield "pth-dev", {"flags": ("-X", "dev"), "ignored": ("startup", "modules")}, True
    yield "pth-utf8", {"flags": ("-X", "utf8")}, True
    yield "pth-tracemalloc", {"flags": ("-X", "tracemalloc")}, True
    yield "pth-faulthandler", {"flags": ("-X", "faulthandler")}, True
    yield "pth-Werror", {"flags": ("-W", "error")}, True
    yield "pth-frozen-off", {"flags": ("-X", "frozen_modules=off")}, True
    yield "path", {"flavour": "bare"}, True
    yield "path-I", {"flavour": "bare", "flags": ("-I",)}, False
    yield "path-E", {"flavour": "bare", "flags": ("-E",)}, False
    yield "path-S", {"flavour": "bare", "flags": ("-S",)}, False
    yield "path-s", {"flavour": "bare", "flags": ("-s",)}, True
    yield "path-P", {"flavour": "bare", "flags": ("-P",), "versions": ((3, 11), (4, 0))}, True
    yield "off", {"environment": {"IMPORTAHEAD": "0"}}, False
    yield "off-I", {"environment": {"IMPORTAHEAD": "0"}, "flags": ("-I",)}, False
    yield "off-E", {"environment": {"IMPORTAHEAD": "0"}, "flags": ("-E",)}, False
    yield "off-path", {"environment": {"IMPORTAHEAD": "0"}, "flavour": "bare"}, False
    yield "safe-path", {"environment": {"PYTHONSAFEPATH": "1"}}, True
    yield "no-user-site", {"environment": {"PYTHONNOUSERSITE": "1"}}, True
    yield (
        "odd-switches",
        {"environment": {"IMPORTAHEAD": "", "IMPORTAHEAD_PROFILE": "/dev/full"}},
        True,
    )
    yield "odd-locale", {"environment": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}}, True


def _cases():
    for name, keywords, active in _starts():
        made = Case(files=FILES, body=BODY, active=active, **keywords)
        yield pytest.param(made, id=name)


@pytest.mark.parametrize("case", list(_cases()))
def test_38_a09_a10_every_way_to_start(outcome, case):
    assert outcome.text == "mod\n"
    for run in outcome.hooked():
        assert run.stderr == b""


@case(files=FILES, body="pass\n")
def test_a04_a12_nothing_is_imported_or_printed_at_startup(outcome):
    assert outcome.stock.stdout == outcome.stock.stderr == b""


@case(files=FILES, body="import mod\n", environment={"IMPORTAHEAD_DEBUG": "1"}, ignored=("stderr",))
def test_a08_debugging_leaves_standard_output_alone(outcome):
    assert outcome.text == ""


def _sitecustomize(text):
    """The files of a folder on PYTHONPATH behind ours, holding the user's own sitecustomize."""
    return {**FILES, "user/sitecustomize.py": text, "user/beside.py": "value = 'beside'\n"}


USERS = {
    "prints": "import sys\nprint('user sitecustomize', __name__, __file__.rpartition('/')[2])\n",
    "imports": "import beside, json\nprint(beside.value)\n",
    "raises": "raise RuntimeError('from the user')\n",
    "import error": "import absolutely_absent\n",
    "exits": "raise SystemExit(7)\n",
    "interrupts": "raise KeyboardInterrupt\n",
    "deletes itself": "import sys\ndel sys.modules['sitecustomize']\nprint('gone')\n",
    "syntax error": "def f(:\n",
    "changes the path": "import sys\nsys.path.append('/appended')\nsys.path.insert(0, '/first')\n",
    "sets": "import sys\nsys.dont_write_bytecode = True\nvalue = 3\n",
}


def _chained():
    for name, text in USERS.items():
        made = Case(
            files=_sitecustomize(text),
            body=BODY
            + "import sys\nprint(getattr(sys.modules.get('sitecustomize'), 'value', None))\n",
            flavour="bare",
            active=name not in ("exits", "interrupts"),
            recorded=name not in ("exits", "interrupts"),
        )
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_chained()))
def test_39_a05_the_users_own_sitecustomize_runs(grove, interpreter, case, tmp_path):
    """Ours shadows the user's; what the user's does must come to pass as in stock."""
    outcomes = {}
    for lane in grove.lanes:
        root = tmp_path / lane.name
        case.plant(root, interpreter, lane.python(interpreter, "bare"))
        path = "%s:%s/user" % (lane.site(), root) if lane.hooked else "%s/user" % root
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["ORACLE_RECORDER"] = "/dev/null"
        run = subprocess.run(
            [lane.python(interpreter, "bare"), "main.py"],
            cwd=root,
            env=environment,
            capture_output=True,
        )
        stderr = run.stderr.replace(bytes(root), b"").replace(bytes(lane.site()), b"")
        outcomes[lane.name] = (run.returncode, run.stdout, _essence(stderr))
    assert len({repr(each) for each in outcomes.values()}) == 1, outcomes


def _essence(stderr):
    """The lines that are not about where in `site` or the hook a traceback passed."""
    lines = stderr.splitlines()
    # A fatal error lists the extension modules that are not the standard library's.
    lines = [line for line in lines if line and not line.startswith(b"Extension modules: ")]
    return [line for line in lines if not line.startswith(b"  ") or b"/user/" in line]


BOOTSTRAP_FAILURES = {
    "no extension": lambda package: _remove(package.glob("_importahead*")),
    "broken extension": lambda package: _overwrite(package.glob("_importahead*"), b"\x7fELF"),
    "empty extension": lambda package: _overwrite(package.glob("_importahead*"), b""),
    "no package": remove_tree,
    "no hook": lambda package: _remove(package.glob("__init__*")),
    "init raises SystemExit": lambda package: _replace(package, "raise SystemExit(3)\n"),
    "init raises KeyboardInterrupt": lambda package: _replace(package, "raise KeyboardInterrupt\n"),
    "init raises MemoryError": lambda package: _replace(package, "raise MemoryError\n"),
    "init raises": lambda package: _replace(package, "raise ValueError('from init')\n"),
    "init does not compile": lambda package: _replace(package, "def f(:\n"),
    "hook raises SystemExit": lambda package: _insert(package, "raise SystemExit(3)"),
    "hook raises": lambda package: _insert(package, "raise ValueError"),
    "finder raises": lambda package: _insert(package, "raise KeyboardInterrupt", "_install"),
    "only bytecode of another version": lambda package: _replace(package, "\0"),
    "unreadable": lambda package: [os.chmod(each, 0) for each in package.glob("*.py")],
}


def _remove(paths):
    for path in list(paths):
        path.unlink()


def _overwrite(paths, content):
    for path in list(paths):
        path.write_bytes(content)


def _replace(package, text):
    (package / "__init__.py").write_text(text)


def _insert(package, statement, function="_activate"):
    """Makes a function of the hook fail as soon as it is called."""
    path = package / "__init__.py"
    head = "def %s():\n" % function
    assert head in path.read_text()
    path.write_text(path.read_text().replace(head, "%s    %s\n" % (head, statement)))


@pytest.mark.parametrize("flavour", ["pth", "path"])
@pytest.mark.parametrize("failure", list(BOOTSTRAP_FAILURES))
def test_a01_a02_a_broken_hook_is_silent(grove, interpreter, failure, flavour, tmp_path):
    site = tmp_path / "site"
    copied = subprocess.run(["cp", "-a", str(grove.hook), str(site)])
    assert copied.returncode == 0
    for cache in site.rglob("__pycache__"):
        remove_tree(cache)
    BOOTSTRAP_FAILURES[failure](site / "importahead")
    (tmp_path / "mod.py").write_text("value = 'mod'\n")
    lane = grove.stock
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site)}
    program = "import mod; print(mod.value)"
    python = lane.python(interpreter, "bare")
    if flavour == "pth":
        (site / "sitecustomize.py").unlink()
        program = "import site; site.addsitedir(%r); %s" % (str(site), program)
        (site / "importahead.pth").write_text(_pth_line(grove))
        environment.pop("PYTHONPATH")
    run = subprocess.run(
        [python, "-c", program], cwd=tmp_path, env=environment, capture_output=True
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"mod\n", b"")


def _pth_line(grove):
    hooked = grove.lanes[-1]
    return next(hooked.root.glob("pth-*/lib/*/site-packages/importahead.pth")).read_text()


def test_a03_a13_the_pth_is_one_readable_line(grove):
    lines = _pth_line(grove).splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 1
    assert all(len(line) < 160 for line in lines)
    assert any(line.startswith("import ") for line in lines)


@case(
    files=FILES,
    body="""
    import os, subprocess, sys
    import mod
    code = 'import os, sys; print(sys.path)'
    print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)
    print(subprocess.run([sys.executable, '-I', '-c', code], capture_output=True, text=True).stdout)
    """,
    flavour="bare",
)
def test_a06_children_get_the_same_variables(outcome):
    assert outcome.text


def test_a06_a_child_of_another_version(grove, interpreter, tmp_path):
    others = [each for each in discover() if each.name != interpreter.name]
    (tmp_path / "mod.py").write_text("value = 'mod'\n")
    site = grove.lanes[-1].site()
    for other in others:
        run = subprocess.run(
            [other.executable, "-c", "import mod; print(mod.value)"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": "%s:%s" % (site, tmp_path)},
            capture_output=True,
        )
        assert (run.returncode, run.stdout, run.stderr) == (0, b"mod\n", b""), other.name


OLD = "~/.pyenv/versions/%s*/bin/python"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8"])
def test_a10_interpreters_out_of_range_run_unassisted(grove, version, tmp_path):
    found = sorted(Path.home().glob((OLD % version)[2:]))
    if not found:
        pytest.skip("no Python %s here" % version)
    (tmp_path / "mod.py").write_text("value = 'mod'\n")
    program = "import sys, mod; print(mod.value)"
    run = subprocess.run(
        [str(found[0]), "-B", "-c", program],
        cwd=str(tmp_path),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": "%s:%s" % (grove.lanes[-1].site(), tmp_path),
        },
        capture_output=True,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"mod\n", b"")


def test_a07_nothing_is_spawned_at_startup(grove, interpreter, tmp_path):
    import shutil

    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    (tmp_path / "main.py").write_text("import json\n")
    for lane in grove.lanes[1:]:
        log = tmp_path / (lane.name + ".log")
        command = ["strace", "-f", "-e", "trace=execve,fork,vfork", "-o", str(log)]
        python = lane.python(interpreter)
        run = subprocess.run(
            [*command, python, str(tmp_path / "main.py")],
            env={"PATH": os.environ["PATH"], **lane.variables()},
            capture_output=True,
        )
        if b"ptrace" in run.stderr:
            pytest.skip("ptrace is not permitted here")
        calls = [line for line in log.read_text().splitlines() if "(" in line]
        assert len(calls) == 1 and "execve" in calls[0], calls


def test_35_a_free_threaded_build_keeps_its_gil_off(grove):
    free = [each for each in discover() if each.freethreaded]
    if not free:
        pytest.skip("no free-threaded build here")
    lane = grove.lanes[-1]
    for each in free:
        run = subprocess.run(
            [each.executable, "-c", "import sys, json; print(sys._is_gil_enabled())"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(lane.site())},
            capture_output=True,
        )
        assert (run.stdout, run.stderr) == (b"False\n", b"")
