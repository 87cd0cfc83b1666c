"""Tools close to the import system behave as in stock (issue 3, item 6; cases 14, 26, 33, I12)."""

import os
import re
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
from oracle import Case
from oracle.interpreters import clean_environment
from oracle.lanes import remove_tree
from oracle.packages import REQUIREMENTS
from oracle.places import REPOSITORY

pytestmark = [pytest.mark.part("path hook"), pytest.mark.kind("source")]

FILES = {
    "mod.py": "import pkg\nvalue = 'mod'\n\ndef double(number):\n    return 2 * number\n",
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "def half(number: int) -> int:\n    return number // 2\n",
    "test_mod.py": "import mod\nfrom pkg.a import half\n\ndef test_passes():\n"
    "    assert mod.double(2) == 4 == half(8)\n\ndef test_fails():\n"
    "    found = mod.double(3)\n    assert found == 7, 'as it must'\n",
    "conftest.py": "import pkg\n",
}
QUIET = {"HOME": "{root}/home", "IPYTHONDIR": "{root}/home/ipython", "NO_COLOR": "1"}


def tool(*arguments, **keywords):
    """The case of a tool started with `-m`."""
    keywords = {"files": FILES, "body": "import mod\nprint(mod.value)\n", **keywords}
    keywords.setdefault("ignored", ())
    keywords["environment"] = {**QUIET, **keywords.get("environment", {})}
    return Case(
        arguments=arguments, flavour="tools", recorded=False, active=True, timeout=120, **keywords
    )


def without_times(raw_outcome):
    """Removes durations, dates and process numbers from what was printed."""
    for run in raw_outcome.runs.values():
        for name in ("stdout", "stderr"):
            text = re.sub(rb"\d+\.\d+ ?s\b|in \d+\.\d+s|seconds?", b"N", getattr(run, name))
            text = re.sub(
                rb"\[[-+ :\d]{20,}\] ?|\[\d+\]|created at [-+:\d ]+|pid: ?\d+", b"[]", text
            )
            setattr(run, name, text)
        for name in [name for name in run.files if re.search(r"home/|\.coverage|\.json$", name)]:
            del run.files[name]


TOOLS = {
    "pytest": tool("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mod.py"),
    "pytest-plain": tool("-m", "pytest", "--assert=plain", "-q", "-p", "no:cacheprovider"),
    "pytest-importlib": tool(
        "-m",
        "pytest",
        "--import-mode=importlib",
        "-q",
        "-p",
        "no:cacheprovider",
        environment={"PYTHONPATH": "{root}"},
    ),
    "coverage": tool(
        "-m", "coverage", "run", "--branch", "-m", "pytest", "-q", "-p", "no:cacheprovider"
    ),
    "coverage-script": tool("-m", "coverage", "run", "--source=pkg,mod", "main.py"),
    "ipython": tool(
        "-m", "IPython", "--no-banner", "--quick", "-c", "import mod; print(mod.value); mod??"
    ),
    "ipython-autoreload": tool(
        "-m",
        "IPython",
        "--quick",
        "-c",
        "%load_ext autoreload\n%autoreload 2\nimport mod\nopen('mod.py', 'a').write('value = 3\\n')\n"
        "import time\ntime.sleep(0.02)\n%autoreload\nprint(mod.value)",
    ),
    "beartype": tool(
        "main.py",
        files={
            **FILES,
            "first.py": "from beartype.claw import beartype_packages\n"
            "beartype_packages(('pkg',))\n",
        },
        body="import first\nimport pkg.a, mod\nprint(type(pkg.a.__loader__).__name__)\n"
        "try:\n    pkg.a.half('x')\nexcept Exception as error:\n    print(type(error).__name__)\n",
    ),
    "typeguard": tool(
        "main.py",
        files={
            **FILES,
            "first.py": "from typeguard import install_import_hook\ninstall_import_hook('pkg')\n",
        },
        body="import first\nimport pkg.a, mod\nprint(type(pkg.a.__loader__).__name__)\n"
        "try:\n    pkg.a.half('x')\nexcept Exception as error:\n    print(type(error).__name__)\n",
    ),
    "gunicorn-preload": tool(
        "main.py",
        files={
            **FILES,
            "app.py": "import mod, pkg.a, json\n\ndef app(environ, start):\n    import email.message\n"
            "    start('200 OK', [('Content-Type', 'text/plain')])\n"
            "    return [mod.value.encode()]\n",
            "conf.py": "def post_worker_init(worker):\n    open('ready%d' % worker.age, 'w').close()\n",
        },
        # A signal to a worker that has not taken over its signals yet is lost in its parent's queue,
        # and the worker is killed half a minute later: all are to be ready before the server is stopped.
        body="""
        import os, signal, socket, subprocess, sys, time
        command = [sys.executable, '-m', 'gunicorn', '--preload', '-w', '3', '--log-level', 'error',
                   '-c', 'conf.py', '-b', 'unix:s', 'app:app']
        server = subprocess.Popen(command)
        for _ in range(1200):
            if all(os.path.exists('ready%d' % number) for number in (1, 2, 3)):
                break
            time.sleep(0.05)
        client = socket.socket(socket.AF_UNIX)
        client.connect('s')
        client.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        print(client.makefile('rb').read().split(b'\\r\\n')[-1])
        server.send_signal(signal.SIGTERM)
        print(server.wait())
        """,
    ),
}


@pytest.mark.parametrize("case", [pytest.param(made, id=name) for name, made in TOOLS.items()])
def test_tools(raw_outcome, case):
    without_times(raw_outcome)
    found = raw_outcome.differences()
    assert not found, "\n".join(found)
    assert b"mod" in raw_outcome.stock.stdout or b"Claw" in raw_outcome.stock.stdout or case.body


PROJECT = {
    "project/src/built/__init__.py": "from . import part\nvalue = 'editable'\n",
    "project/src/built/part.py": "value = 'part'\n",
    "project/src/built/data.txt": "some data\n",
}
SETUPTOOLS = {
    **PROJECT,
    "project/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
    'build-backend = "setuptools.build_meta"\n[project]\nname = "built"\nversion = "1.0"\n',
}
MESON = {
    **PROJECT,
    "project/pyproject.toml": '[build-system]\nrequires = ["meson-python"]\n'
    'build-backend = "mesonpy"\n[project]\nname = "built"\nversion = "1.0"\n',
    "project/meson.build": "project('built', version: '1.0')\npy = import('python')"
    ".find_installation(pure: true)\npy.install_sources('src/built/__init__.py', "
    "'src/built/part.py', 'src/built/data.txt', subdir: 'built')\n",
}


def install_editable(*options):
    """Installs the project below the tree itself, in editable mode."""

    def prepare(root, interpreter, python):
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-deps",
        ]
        command += ["--no-build-isolation", "--disable-pip-version-check", "--ignore-installed"]
        command += ["--prefix", str(root / "installed"), *options, "-e", str(root / "project")]
        environment = clean_environment()
        environment["PATH"] = os.path.dirname(python) + os.pathsep + environment["PATH"]
        done = subprocess.run(command, capture_output=True, env=environment)
        if done.returncode:
            pytest.skip("no editable install: %s" % done.stderr.decode()[-300:])

    return prepare


EDITABLE = """
import glob, site, sys
site.addsitedir(glob.glob('installed/lib/python*/site-packages')[0])
import built, built.part
print(built.value, built.part.value, built.__file__.rpartition('/src/')[2])
import importlib.metadata, importlib.resources, inspect
print(importlib.metadata.version('built'))
print(inspect.getsource(built.part))
open(built.part.__file__, 'a').write("value = 'edited'\\n")
importlib.reload(built.part)
print(built.part.value)
"""


@pytest.mark.kind("editable")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(
                files=SETUPTOOLS,
                body=EDITABLE,
                flavour="tools",
                prepare=install_editable(),
                # RECORD holds hashes of files that name the lane's folder.
                ignored=("files",),
            ),
            id="setuptools",
        ),
        pytest.param(
            Case(
                files=SETUPTOOLS,
                body=EDITABLE,
                flavour="tools",
                prepare=install_editable("--config-settings", "editable_mode=strict"),
                ignored=("files",),
            ),
            id="setuptools-strict",
        ),
        pytest.param(
            Case(
                files=MESON,
                body=EDITABLE,
                flavour="tools",
                prepare=install_editable(),
                # The finder runs ninja, which answers with times of its own.
                ignored=("stderr", "files", "events"),
                timeout=120,
            ),
            id="meson",
        ),
    ],
)
def test_14_editable_installs(outcome, case):
    assert "editable part" in outcome.text


SUITES = {
    "click": ["tests"],
    "six": ["test_six.py"],
    "boltons": ["tests"],
    "pluggy": ["testing", "--ignore=testing/benchmark.py"],
    "more-itertools": ["tests", "-k", "not test_recipes and not factor"],
}


@pytest.fixture(scope="session")
def archives():
    """Source archives of the packages whose suites are run."""
    folder = REPOSITORY / ".build" / "oracle-archives"
    pins = (REQUIREMENTS / "tools.txt").read_text().split()
    wanted = [pin for pin in pins if pin.split("==")[0] in SUITES]
    missing = [pin for pin in wanted if not list(folder.glob(pin.replace("==", "-") + ".tar.gz"))]
    if missing:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary"]
        command += [":all:", "--disable-pip-version-check", "--dest", str(folder), *missing]
        done = subprocess.run(command, capture_output=True)
        if done.returncode:
            pytest.skip("no source archives: %s" % done.stderr.decode()[-300:])
    return {pin.split("==")[0]: folder / (pin.replace("==", "-") + ".tar.gz") for pin in wanted}


@pytest.mark.parametrize("suite", list(SUITES))
@pytest.mark.parametrize("case", [pytest.param(tool("main.py"), id="suite")])
def test_suites_of_other_packages(grove, interpreter, archives, suite, case, raw_outcome):
    """The suite of a package gives the same result, test by test."""
    with ThreadPoolExecutor() as threads:
        runs = threads.map(
            lambda lane: run_suite(lane, interpreter, archives[suite], suite), grove.lanes
        )
    stock, *others = runs
    assert len(stock) > 30, "the suite did not run"
    for lane, found in zip(grove.lanes[1:], others):
        differing = {key for key in {*stock, *found} if stock.get(key) != found.get(key)}
        assert not differing, (lane.name, sorted(differing)[:5])


def run_suite(lane, interpreter, archive, suite):
    """What became of each test of a suite in one lane."""
    root = lane.cases() / ("suite-%s-%s" % (suite, interpreter.name))
    remove_tree(root)
    with tarfile.open(archive) as opened:
        opened.extractall(root)
    folder = next(root.iterdir())
    report = root / "report.xml"
    command = [lane.python(interpreter, "tools"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--junit-xml", str(report), *SUITES[suite]]
    environment = {**clean_environment(), **lane.variables(), "HOME": str(root)}
    environment["IMPORTAHEAD_STATS"] = str(root / "stats.json")
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300)
    if lane.hooked and list(lane.site().glob("importahead/_importahead*.so")):
        assert (root / "stats.json").exists(), "void: the hook was not active"
    cases = {}
    for each in ElementTree.parse(report).iter("testcase"):
        key = "%s.%s" % (each.get("classname"), each.get("name"))
        key = key.replace(".%s.cases." % lane.name, ".cases.")
        outcome = [child.tag for child in each if child.tag != "system-out"]
        cases.setdefault(key, []).append(outcome)
    return cases
