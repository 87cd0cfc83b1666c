"""Trees and bodies that several files of cases use."""

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n\ndef function():\n    '''A docstring.'''\n    assert value\n",
    "mod.py": "import pkg.a\nvalue = 'mod'\n\ndef fail():\n    raise ValueError(value)\n",
}
BODY = """
try:
    import mod, pkg.a
    print(mod.value, pkg.a.value, pkg.a.function.__doc__, pkg.a.function.__code__.co_filename)
except Exception as error:
    print(type(error).__name__, error, getattr(error, 'name', None), getattr(error, 'path', None))
"""

MANY = {"many/m%03d.py" % number: "value = %d\n" % number for number in range(120)}
MANY_FILES = {
    **MANY,
    "many/__init__.py": "".join("from . import m%03d\n" % number for number in range(120)),
    "mod.py": "value = 'mod'\n",
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n",
}
THREADS = "def threads():\n    return len(__import__('os').listdir('/proc/self/task'))\n"
