"""Switches importahead on, at interpreter start: from a `.pth` file or from `sitecustomize`.

It must never be the reason that a program fails, prints anything or starts noticeably later: every
failure ends in the interpreter's own way of importing. It imports nothing that the interpreter has
not loaded, but for importahead itself.
"""

import sys

_OFF = ("0", "off", "no", "false")
_TESTED = ((3, 9), (3, 14))

#: How many modules were loaded when the session began; None without one.
modules_at_start = None


def activate():
    """Start prefetching for this process if it can help; never raises.

    Returns:
        bool: whether a session runs.
    """
    try:
        return _activate()
    except BaseException as error:  # an interrupt here would end the interpreter
        if _variable("IMPORTAHEAD_DEBUG"):
            sys.stderr.write(f"importahead: not active: {type(error).__name__}: {error}\n")
        return False


def _activate():
    from os import environ

    global modules_at_start
    off = environ.get("IMPORTAHEAD")
    if (off is not None and off.lower() in _OFF) or not _is_supported():
        return False
    from importahead import _importahead

    if modules_at_start is not None or not _importahead.is_supported():
        return False
    loaded = len(sys.modules)
    settings = _settings()
    if environ.get("IMPORTAHEAD_DESCRIBE"):
        _describe(settings)
    if not _importahead.start(settings):
        return False
    modules_at_start = loaded
    from importahead import finder

    finder.install()
    loader = sys.modules["_frozen_importlib_external"].FileLoader
    loader.get_data = _importahead.reader(loader, loader.get_data)
    destination = _variable("IMPORTAHEAD_STATS")
    if destination:
        import atexit

        from importahead.statistics import write

        save = _importahead.save_profile
        atexit.register(_finish, save, _importahead.stop, write, destination)
    return True


def _is_supported():
    return (
        sys.implementation.name == "cpython"
        and _TESTED[0] <= sys.version_info[:2] <= _TESTED[1]
        and not hasattr(sys, "frozen")
        and not hasattr(sys, "_MEIPASS")
    )


def _variable(name):
    """A variable that steers us; none where the interpreter is told to ignore its own."""
    from os import environ

    return None if sys.flags.ignore_environment else environ.get(name)


def _finish(save, stop, write, destination):
    """Tell what was done; whatever this calls was bound at start, when importing still worked.

    The profile is written now so that it can be told of; otherwise it is when the interpreter has
    gone. The session's threads touch no Python, and end with the process.
    """
    save()
    stop()
    write(destination)


def _describe(settings):
    """Tell `importahead bundle` the settings, on standard output, before the program begins.

    The program never does: the process ends here.
    """
    from os import _exit, fsencode, write

    texts = [fsencode(text) for text in settings]
    rest = b"".join([b"\nimportahead settings\n", *(b"%d:%b" % (len(t), t) for t in texts)])
    while rest:
        rest = rest[write(1, rest) :]
    _exit(0)


def _settings():
    """Describe program and interpreter to the extension, in the order that it reads.

    All of it is text and stays `str`: encoding it here could load a codec the program has not.
    """
    import _imp

    external = sys.modules["_frozen_importlib_external"]
    flags = sys.flags
    version = sys.version_info
    tag = sys.implementation.cache_tag
    optimization = f".opt-{flags.optimize}" if flags.optimize else ""

    join = "\0".join
    boot = _boot()

    return (
        join(_command_line()),
        str(int(flags.isolated or getattr(flags, "safe_path", False))),
        join(dict.fromkeys(name for name in sys.path if isinstance(name, str))),
        join(_known_modules(_imp)),
        join(_imp.extension_suffixes()),
        join(external.SOURCE_SUFFIXES),
        join(external.BYTECODE_SUFFIXES),
        f".{tag}{optimization}.pyc" if tag else "",
        sys.pycache_prefix or "",
        str(int.from_bytes(external.MAGIC_NUMBER, "little")),
        str(version[0]),
        str(version[1]),
        str(version[2]),
        _imp.check_hash_based_pycs,
        _variable("IMPORTAHEAD_BACKEND") or "",
        join(_profile()),
        join((sys.version, sys.prefix, sys.exec_prefix)),
        _variable("IMPORTAHEAD_BUNDLE") or "",
        boot,
        join(_loaded_files()) if boot else "",
    )


def _profile():
    """What to do with profiles (r, w), a directory, and names below it; empty for none."""
    from os import environ

    chosen = _variable("IMPORTAHEAD_PROFILE") or ""
    if chosen.lower() in _OFF:
        return ()
    if chosen[:1] == "/":
        home, _, name = chosen.rstrip("/").rpartition("/")
        return ("rw", home or "/", name) if name else ()
    mode = {"": "rw", "read": "r", "write": "w"}.get(chosen.lower())
    # The XDG directories are no variables of ours or Python's: `-E` leaves them alone.
    home = environ.get("XDG_CACHE_HOME") or ""
    if home[:1] != "/":
        home = environ.get("HOME") or ""
        home = home.rstrip("/") + "/.cache" if home[:1] == "/" else ""
    return (mode, home, "importahead", "v1") if mode and home else ()


def _boot():
    """What `importahead run` calls this program; nobody else is to see it."""
    from os import environ

    found = None if sys.flags.ignore_environment else environ.pop("IMPORTAHEAD_BOOT", None)
    return found or ""


def _loaded_files():
    """The bytecode files of the modules that the interpreter has loaded, and of the finder."""
    found = [getattr(module, "__cached__", None) for module in list(sys.modules.values())]
    own = [name.replace("hook.", "finder.") for name in [__spec__.cached] if name]
    return [name for name in found + own if isinstance(name, str)]


def _command_line():
    """The interpreter's own arguments, its name first; empty where they are not known.

    `sys.orig_argv` has them from CPython 3.10 on; before that /proc/self/cmdline does.
    """
    found = getattr(sys, "orig_argv", None)
    if found is not None:
        return found
    from os import fsdecode

    with open("/proc/self/cmdline", "rb") as file:
        return [fsdecode(part) for part in file.read().split(b"\0")[:-1]]


def _known_modules(_imp):
    """Names that no path entry finder will be asked for."""
    names = [*sys.modules, *sys.builtin_module_names]
    # Aliases of frozen modules, whatever file stands in their place.
    names += ["importlib._bootstrap", "importlib._bootstrap_external"]
    listed = getattr(_imp, "_frozen_module_names", None)
    frozen = listed() if listed else ["zipimport"]
    names += [name for name in frozen if _imp.is_frozen(name)]
    return names
