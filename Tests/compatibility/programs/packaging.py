"""Installers, builders and test runners that make environments."""

from programs import FILES, program

PROJECT = {
    **FILES,
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
    'build-backend = "setuptools.build_meta"\n[project]\nname = "built"\nversion = "1.0"\n'
    '[tool.setuptools]\npackages = ["built"]\npackage-dir = {built = "src/built"}\n'
    "[project.scripts]\nbuilt = 'built.part:main'\n",
    "src/built/__init__.py": "from . import part\n",
    "src/built/part.py": "def main():\n    print('built and run')\n",
}

POETRY = {
    "pyproject.toml": '[project]\nname = "built"\nversion = "1.0"\nrequires-python = ">=3.9"\n'
    "description = 'none'\nauthors = [{name = 'none', email = 'none@example.org'}]\n"
    '[tool.poetry]\npackages = [{include = "built", from = "src"}]\n'
    '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
    "src/built/__init__.py": "value = 'built'\n",
}

TOX = """
[tox]
no_package = true
env_list = first, second
[testenv]
skip_install = true
package = skip
commands = python main.py
"""

NOX = """
import nox

@nox.session(venv_backend='virtualenv')
def first(session):
    session.run('python', 'main.py')

@nox.session(venv_backend='none')
def second(session):
    session.run('python', 'main.py', external=True)
"""


@program("pip", "packaging", "pip", "built and run", files=PROJECT)
def pip(run):
    """Builds and installs a project, as it is and editable; `show`, `list`, `check`, `uninstall`."""
    pip = ["-m", "pip", "--disable-pip-version-check", "-q"]
    built = ["--no-index", "--no-build-isolation", "--no-deps", "--root-user-action", "ignore"]
    for options in ([], ["-e"]):
        run.python(*pip, "install", *built, *options, ".", timeout=240)
        run.python("-m", "pip", "show", "built", keep="^(Name|Version|Location)")
        run.tool("built")
        run.python(*pip, "uninstall", "-y", "--root-user-action", "ignore", "built")
    run.python(
        "-m", "pip", "--disable-pip-version-check", "list", keep="^(pip|tox|nox|setuptools) "
    )
    run.python("-m", "pip", "check", keep="built")


@program("poetry", "packaging", "poetry", "Built built-1.0-py3-none-any.whl", files=POETRY)
def poetry(run):
    """`check`, `build`, `run`, `env info`."""
    quiet = {"POETRY_VIRTUALENVS_CREATE": "false", "POETRY_NO_INTERACTION": "1"}
    run.python("-m", "poetry", "check", **quiet)
    run.python("-m", "poetry", "build", timeout=240, **quiet)
    run.say(sorted(path.name for path in (run.folder / "dist").glob("*")))
    run.python("-m", "poetry", "run", "python", "-c", "print('run')", **quiet)


@program("tox", "packaging", "tox", "second: OK", files={**FILES, "tox.ini": TOX})
def tox(run):
    """Two environments, made by virtualenv from its own wheels; in parallel."""
    # Of environments that run at once only the summary is in a fixed order.
    kept = r"mod|OK \(|FAIL|Error"
    run.python("-m", "tox", "run", "--colored", "no", keep=kept, timeout=240)
    run.python("-m", "tox", "run-parallel", "--colored", "no", keep=kept, order=False, timeout=240)


@program(
    "nox", "packaging", "nox", "Session first was successful", files={**FILES, "noxfile.py": NOX}
)
def nox(run):
    """Two sessions, one in an environment that it makes."""
    run.python("-m", "nox", "--non-interactive", timeout=240)
