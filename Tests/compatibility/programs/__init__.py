"""The programs, each with a small scenario of what people do with it.

A scenario is a function that is given a `lanes.Run`. It starts processes through it and says what is
to be compared; whatever differs from stock is a difference.
"""

from dataclasses import dataclass, field

#: Programs by name, in the order of the table.
PROGRAMS = {}

#: A module, a package and what uses them.
FILES = {
    "mod.py": "import pkg\nvalue = 'mod'\n\n\ndef double(number):\n    return 2 * number\n",
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "def half(number: int) -> int:\n    return number // 2\n",
    "main.py": "import json\nimport mod, pkg.a\nprint(json.dumps([mod.value, pkg.a.half(8)]))\n",
}


@dataclass(frozen=True)
class Program:
    """A program, where it is installed, and its scenario."""

    name: str
    environment: str
    package: str
    scenario: object
    files: dict = field(default_factory=dict)
    #: What stock must be heard to say, or nothing is shown.
    shows: str = ""
    #: What the scenario does, for the table.
    does: str = ""


def program(name, environment, package, shows, files=FILES):
    """Registers a scenario; its doc string says what it does, `files` what is planted for it."""

    def register(scenario):
        does = " ".join(scenario.__doc__.split()).rstrip(".")
        PROGRAMS[name] = Program(name, environment, package, scenario, files, shows, does)
        return scenario

    return register


def load():
    """Imports every file of scenarios and returns the programs."""
    from programs import automation, hooks, interactive, packaging, parallel, servers, tracers

    assert automation and hooks and interactive and packaging and parallel and servers and tracers
    return PROGRAMS
