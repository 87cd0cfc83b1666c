public import CPython
internal import ImportaheadCore

/// Makes the extension module (PEP 489, multi-phase initialisation).
@c(PyInit__importahead)
public func initializeModule() -> UnsafeMutablePointer<PyObject>? {
  return unsafe PyLong_FromLong(1)
}
