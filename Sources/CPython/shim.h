#ifndef IMPORTAHEAD_CPYTHON_H
#define IMPORTAHEAD_CPYTHON_H
#define _GNU_SOURCE 1
// Before pyconfig.h asks for _FILE_OFFSET_BITS: struct flock must read the same as in other modules.
#include <fcntl.h>
#define PY_SSIZE_T_CLEAN
// The stable ABI of CPython 3.9: one extension file serves every later version (PEP 384).
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>

// Macros and variadic functions that Swift cannot import.
static inline PyObject *importahead_none(void) {
  Py_INCREF(Py_None);
  return Py_None;
}
static inline int importahead_is_exact_str(PyObject *object) {
  return Py_TYPE(object) == &PyUnicode_Type;
}
static inline int importahead_is_bytes(PyObject *object) { return PyBytes_Check(object); }
static inline int importahead_is_tuple(PyObject *object) { return PyTuple_Check(object); }
static inline PyTypeObject *importahead_as_type(PyObject *object) {
  return PyType_Check(object) ? (PyTypeObject *)object : NULL;
}
static inline void importahead_raise_type_error(const char *message) {
  PyErr_SetString(PyExc_TypeError, message);
}
static inline void importahead_raise_runtime_error(const char *message) {
  PyErr_SetString(PyExc_RuntimeError, message);
}
static inline void importahead_raise_os_error(int code) {
  errno = code;
  PyErr_SetFromErrno(PyExc_OSError);
}
static inline PyCFunction importahead_with_keywords(PyCFunctionWithKeywords function) {
  return (PyCFunction)(void (*)(void))function;
}

// PyFile_SetOpenCodeHook is not part of the limited API, but every CPython 3.8+ exports it. Setting
// no hook succeeds exactly where none is set, and changes nothing.
static inline int importahead_has_open_code_hook(void) {
  typedef int (*setter)(void *, void *);
  setter set = (setter)dlsym(RTLD_DEFAULT, "PyFile_SetOpenCodeHook");
  if (set == NULL) return 1;
  if (set(NULL, NULL) == 0) return 0;
  PyErr_Clear();
  return 1;
}
#endif
