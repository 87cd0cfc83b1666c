#define _GNU_SOURCE 1
#define PY_SSIZE_T_CLEAN
// The stable ABI of CPython 3.9: one extension file serves every later version (PEP 384).
#define Py_LIMITED_API 0x03090000
#include <Python.h>
