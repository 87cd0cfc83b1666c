#ifndef IMPORTAHEAD_CPYTHON_H
#define IMPORTAHEAD_CPYTHON_H
#define _GNU_SOURCE 1
// Before pyconfig.h asks for _FILE_OFFSET_BITS: struct flock must read the same as in other modules.
#include <fcntl.h>
#define PY_SSIZE_T_CLEAN
// The stable ABI of CPython 3.9: one extension file serves every later version (PEP 384).
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <fcntl.h>
#include <pthread.h>

// Macros and variadic functions that Swift cannot import.
static inline PyObject *importahead_none(void) {
  Py_INCREF(Py_None);
  return Py_None;
}
static inline PyObject *importahead_type_of(PyObject *object) {
  return (PyObject *)Py_TYPE(object);
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
#endif
