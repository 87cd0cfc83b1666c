"""Print what a session has to know about this interpreter, one JSON object."""

import _imp
import importlib.util
import json
import sys
import sysconfig
from importlib import machinery

frozen = [name for name in getattr(_imp, "_frozen_module_names", list)() if _imp.is_frozen(name)]
facts = {
    "version": list(sys.version_info[:3]),
    "magic": int.from_bytes(importlib.util.MAGIC_NUMBER, "little"),
    "cacheSuffix": f".{sys.implementation.cache_tag}.pyc",
    "extensionSuffixes": machinery.EXTENSION_SUFFIXES,
    "sourceSuffixes": machinery.SOURCE_SUFFIXES,
    "bytecodeSuffixes": machinery.BYTECODE_SUFFIXES,
    "knownModules": [*sys.modules, *sys.builtin_module_names, *frozen],
    "standardLibrary": sysconfig.get_path("stdlib"),
}
json.dump(facts, sys.stdout)
