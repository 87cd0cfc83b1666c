internal import CPython

/// A Python object the interpreter lends us or hands over.
typealias Object = UnsafeMutablePointer<PyObject>

/// The bytes of a `bytes` object; `nil` with a Python error set for anything else.
func bytes(of object: Object?) -> [UInt8]? {
  guard let object = unsafe object, unsafe importahead_is_bytes(object) != 0 else {
    unsafe importahead_raise_type_error("expected bytes")
    return nil
  }
  var start: UnsafeMutablePointer<CChar>?
  var count = 0
  guard unsafe PyBytes_AsStringAndSize(object, &start, &count) == 0, let start = unsafe start else {
    return nil
  }
  return unsafe start.withMemoryRebound(to: UInt8.self, capacity: count) { memory in
    unsafe Array(UnsafeBufferPointer(start: memory, count: count))
  }
}

/// The bytes of a path given as `str`, in the file system's encoding; `nil` where it has none.
///
/// No Python error is left behind.
func fileSystemBytes(of object: Object?) -> [UInt8]? {
  guard let object = unsafe object, unsafe importahead_is_exact_str(object) != 0 else { return nil }
  guard let encoded = unsafe PyUnicode_EncodeFSDefault(object) else {
    PyErr_Clear()
    return nil
  }
  defer { unsafe Py_DecRef(encoded) }
  return unsafe bytes(of: encoded)
}

/// The items of a tuple of `str`, in the file system's encoding; `nil` with a Python error set for
/// anything else.
func texts(of tuple: Object) -> [[UInt8]]? {
  var texts: [[UInt8]] = []
  for index in 0..<(unsafe PyTuple_Size(tuple)) {
    guard let text = unsafe fileSystemBytes(of: PyTuple_GetItem(tuple, index)) else {
      unsafe importahead_raise_type_error("expected str")
      return nil
    }
    texts.append(text)
  }
  return texts
}
