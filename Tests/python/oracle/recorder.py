"""Runs inside the observed process and writes down what a program could see of its imports.

It is executed, never imported, and imports only built-in modules, so that it leaves no trace in
what it observes. `ORACLE_RECORD` names the file it writes, in the form of `marshal`'s version 2,
which all interpreters read alike.
"""


def _observe():
    import sys

    at_start = list(sys.modules)
    import atexit
    import posix
    import time

    target = posix.environ.get(b"ORACLE_RECORD")
    if target is None:
        return
    owner = posix.getpid()
    plain = (str, bytes, int, float, bool, type(None))
    watched = {"import", "open", "os.listdir", "os.scandir", "marshal.loads", "exec", "compile"}
    events = []
    listening = [True]

    def shape(event, args):
        if event == "import":
            return args[:2]
        if event == "exec":
            code = args[0]
            return (getattr(code, "co_filename", "?"), getattr(code, "co_name", "?"))
        if event == "compile":
            return (type(args[0]).__name__, args[1])
        if event == "marshal.loads":
            return (len(args[0]),) if isinstance(args[0], (bytes, bytearray)) else ()
        return args

    def audit(event, args):
        if listening[0] and event in watched:
            events.append((event, tuple(value(each) for each in shape(event, args))))

    def value(thing):
        kind = type(thing)
        if kind in plain:
            return thing
        if kind in (list, tuple):
            return [value(each) for each in thing]
        if kind.__name__ == "_NamespacePath":
            return ["_NamespacePath"] + [value(each) for each in thing]
        if isinstance(thing, type):
            return "<class %s.%s>" % (thing.__module__, thing.__qualname__)
        return "<instance %s.%s>" % (kind.__module__, kind.__qualname__)

    def loader(thing):
        if thing is None:
            return None
        if isinstance(thing, type):
            return value(thing)
        own = getattr(thing, "__dict__", {})
        return [value(thing), [(name, value(own[name])) for name in own]]

    def spec(thing):
        if thing is None:
            return None
        names = ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations")
        seen = [(name, value(getattr(thing, name, "<absent>"))) for name in names]
        seen.append(("loader", loader(getattr(thing, "loader", None))))
        seen.append(("loader_state", value(getattr(thing, "loader_state", None))))
        seen.append(("attributes", sorted(vars(thing)) if hasattr(thing, "__dict__") else []))
        return seen

    module_type = type(sys)

    def module(thing):
        if not isinstance(thing, module_type):
            return value(thing)
        own = module_type.__getattribute__(thing, "__dict__")
        names = ("__name__", "__file__", "__cached__", "__path__", "__package__")
        seen = [(name, value(own.get(name, "<absent>"))) for name in names]
        seen.append(("type", value(thing)))
        seen.append(("spec", spec(own.get("__spec__"))))
        seen.append(("loader", loader(own.get("__loader__"))))
        seen.append(
            ("same loader", own.get("__loader__") is getattr(own.get("__spec__"), "loader", 0))
        )
        held = [str(name) for name in own]
        # No seed holds there, and whoever walks a set makes names in another order each time.
        seen.append(("names", sorted(held) if sys.flags.ignore_environment else held))
        return seen

    def descriptors():
        found = []
        for number in posix.listdir("/proc/self/fd"):
            try:
                link = posix.readlink("/proc/self/fd/" + number)
            except OSError:
                continue
            if not link.startswith("/proc/"):
                found.append((int(number), link.partition(":[")[0]))
        return sorted(found)

    def lines_of(path, wanted=None):
        with open(path) as stream:
            lines = stream.read().splitlines()
        return [each for each in lines if wanted is None or each.startswith(wanted)]

    def signal_set(name):
        """A signal set of this process (proc(5)), less 32 and 33: glibc takes these two for itself
        with a program's first thread, so a parent that ignored them shows through until then."""
        (line,) = lines_of("/proc/self/status", (name,))
        return int(line.split()[1], 16) & ~(0b11 << 31)

    def finders():
        cache = [(value(key), value(entry)) for key, entry in sys.path_importer_cache.items()]
        hooks = [getattr(hook, "__qualname__", repr(type(hook))) for hook in sys.path_hooks]
        owners = [getattr(hook, "__module__", None) for hook in sys.path_hooks]
        metas = [value(each) for each in sys.meta_path]
        return {"cache": cache, "hooks": list(zip(hooks, owners)), "metas": metas}

    def statistics():
        hook = sys.modules.get("importahead")
        if hook is None:
            return None
        try:
            return hook.stats()
        except Exception as error:
            return {"backend": "none", "failure": repr(error)}

    def write():
        if posix.getpid() != owner:
            return
        listening[0] = False
        names = list(sys.modules)
        stats = statistics()
        record = {
            "at_start": at_start,
            "modules": [(name, module(sys.modules.get(name))) for name in names],
            "events": events,
            "path": value(sys.path),
            "finders": finders(),
            "descriptors": descriptors(),
            "flags": [value(each) for each in sys.flags],
            "dont_write_bytecode": sys.dont_write_bytecode,
            "pycache_prefix": sys.pycache_prefix,
            "warnoptions": value(sys.warnoptions),
            "status": [
                *lines_of("/proc/self/status", ("Umask", "Uid")),
                "SigIgn:%x" % signal_set("SigIgn"),
                "SigBlk:%x" % signal_set("SigBlk"),
            ],
            "limits": lines_of("/proc/self/limits"),
            "stats": stats,
        }
        import marshal

        with open(target, "wb") as stream:
            stream.write(marshal.dumps(record, 2))

    def wait_for(is_met):
        """A busy machine may be late with the session's thread."""
        deadline = time.monotonic() + 5
        found = statistics()
        while found and not is_met(found) and time.monotonic() < deadline:
            time.sleep(0.01)
            found = statistics()

    statistics()  # loads what it needs while importing still works
    if posix.environ.get(b"ORACLE_PROFILE"):
        wait_for(lambda found: found.get("profile") in ("read", "rewritten"))
    if posix.environ.get(b"ORACLE_SERVED"):
        wait_for(lambda found: found.get("files_fetched"))
    time.sleep(float(posix.environ.get(b"ORACLE_PAUSE", b"0")))
    sys.addaudithook(audit)
    atexit.register(write)


_observe()
