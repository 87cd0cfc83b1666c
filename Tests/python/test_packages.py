"""Real packages from PyPI: imported alike, whatever state their bytecode is in."""

import re

import pytest
from oracle import Case
from oracle.packages import REQUIREMENTS

pytestmark = [pytest.mark.part("loader"), pytest.mark.kind("source")]

# What to import where it is not the distribution's name in lower case.
NAMES = {
    "attrs": "attr, attrs",
    "beautifulsoup4": "bs4",
    "Django": "django, django.db.models, django.contrib.admin.options, django.core.management",
    "docutils": "docutils.core, docutils.parsers.rst",
    "fastapi": "fastapi, fastapi.routing",
    "markdown-it-py": "markdown_it",
    "networkx": "networkx",
    "pandas": "pandas",
    "pillow": "PIL.Image, PIL.ImageDraw",
    "Pygments": "pygments, pygments.lexers.python, pygments.formatters",
    "python-dateutil": "dateutil.parser, dateutil.tz",
    "PyYAML": "yaml",
    "rich": "rich.console, rich.table",
    "SQLAlchemy": "sqlalchemy, sqlalchemy.orm",
    "six": "six, six.moves.urllib.parse",
    "aiohttp": "aiohttp, aiohttp.web",
    "regex": "regex",
}
# Packages whose import does much else than import; no states of bytecode are tried with them.
LIGHT = ["attrs", "click", "Jinja2", "requests", "rich", "PyYAML", "six", "packaging", "numpy"]
STATES = {
    "missing": {"environment": {"PYTHONPYCACHEPREFIX": "{root}/cache"}, "hash_seed": "1"},
    "O": {"flags": ("-O",)},
    "OO": {"flags": ("-OO",)},
    "B": {"flags": ("-B",), "environment": {"PYTHONPYCACHEPREFIX": "{root}/none"}},
    "I": {"flags": ("-I",)},
    "always": {"flags": ("--check-hash-based-pycs", "always")},
    "never": {"flags": ("--check-hash-based-pycs", "never")},
    "importtime": {"flags": ("-X", "importtime")},
    "verbose": {"flags": ("-v",)},
    "warnings": {"flags": ("-W", "always")},
}


def distributions():
    """The distribution names of the requirements file."""
    lines = (REQUIREMENTS / "packages.txt").read_text().splitlines()
    names = [re.split("==", line)[0] for line in lines if "==" in line and line[0] != "#"]
    return list(dict.fromkeys(names))


def program(distribution):
    """Imports a distribution's modules, each in a statement of its own."""
    default = distribution.lower().replace("-", "_")
    names = NAMES.get(distribution, default).split(", ")
    return "".join("import %s\n" % name for name in names)


def case_of(distribution, **keywords):
    """The case of a distribution."""
    return Case(body=program(distribution), flavour="packages", timeout=240, **keywords)


@pytest.mark.parametrize(
    "case", [pytest.param(case_of(each, known=True), id=each) for each in distributions()]
)
def test_packages(outcome, case):
    assert outcome.stock.status == 0
    for run in outcome.hooked():
        assert run.statistics["errors"] == 0


@pytest.mark.full
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case_of(each, **keywords), id="%s-%s" % (each, state))
        for each in LIGHT
        for state, keywords in STATES.items()
    ],
)
def test_packages_in_every_state(outcome, case):
    assert outcome.stock.status == 0
