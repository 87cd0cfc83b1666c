"""Write a command-line program of thirty modules, shaped like the ones people install.

usage: make_cli.py DIRECTORY
"""

import pathlib
import sys

COMMANDS = "add build check clean config diff env export fetch init list log merge move".split()
LIBRARY = (
    "argparse",
    "collections",
    "configparser",
    "dataclasses",
    "datetime",
    "fnmatch",
    "hashlib",
    "json",
    "logging",
    "pathlib",
    "shlex",
    "shutil",
    "subprocess",
    "tempfile",
    "textwrap",
    "urllib.parse",
)

BODY = '''"""The part that does {name}."""

import {first}
import {second}
{extra}

class {title}:
    """Carries one {name}."""

    def __init__(self, value):
        self.value = value

    def run(self, arguments):
        """Do it."""
        return [self.value, arguments, {first}.__name__, {second}.__name__]
'''


def module(package, name, index, extra=""):
    """Write one module that imports two of the library's."""
    first, second = (LIBRARY[(index * step + 1) % len(LIBRARY)] for step in (3, 5))
    text = BODY.format(name=name, title=name.title(), first=first, second=second, extra=extra)
    text += "".join(
        f"\n\ndef step_{n}(a, b={n}):\n    return [x * b + {n} for x in a if x]\n"
        for n in range(20)
    )
    (package / f"{name}.py").write_text(text)


def main():
    """Write the package `cliapp` and its launcher."""
    root = pathlib.Path(sys.argv[1])
    package = root / "cliapp"
    (package / "commands").mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text('__version__ = "1.0"\n')
    (package / "commands" / "__init__.py").write_text('"""The commands."""\n')
    core = "cache errors files formats hooks index locks network paths plugins state tables text".split()
    for index, name in enumerate(core):
        extra = f"from . import {core[index - 1]}" if index else ""
        module(package, name, index, extra)
    for index, name in enumerate(COMMANDS):
        extra = f"import click\n\nfrom .. import {core[index % len(core)]}"
        module(package / "commands", name, index + 7, extra)
    imports = "\n".join(f"from .commands import {name}" for name in COMMANDS)
    (package / "main.py").write_text(
        f'"""The entry point."""\n\nimport click\nfrom rich import text  # noqa: F401\n\n'
        f"{imports}\nfrom . import __version__\n\n\n@click.command()\n"
        '@click.version_option(__version__)\ndef main():\n    """Thirty modules."""\n'
        f"    print({', '.join(name + '.__name__' for name in COMMANDS)})\n"
    )
    (root / "use_cli.py").write_text("from cliapp.main import main\n\nmain()\n")


main()
