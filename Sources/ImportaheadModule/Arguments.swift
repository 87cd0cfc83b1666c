internal import CPython
internal import ImportaheadCore

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

/// Parts of NUL-separated bytes; no bytes have no parts.
func parts(of joined: [UInt8]) -> [[UInt8]] {
  guard !joined.isEmpty else { return [] }
  return joined.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
}

/// Reads the tuple that `start` is given, entry after entry.
@safe struct SettingsReader {
  private let tuple: Object
  private var next = 0
  /// Set when an entry was not what it should be; a Python error is set then.
  private(set) var hasFailed = false

  init(_ tuple: Object) {
    unsafe self.tuple = unsafe tuple
  }

  mutating func integer() -> Int {
    guard let item = unsafe item() else { return 0 }
    let value = unsafe PyLong_AsLong(item)
    if value == -1, unsafe PyErr_Occurred() != nil { hasFailed = true }
    return value
  }

  mutating func text() -> [UInt8] {
    guard let item = unsafe item(), let value = unsafe fileSystemBytes(of: item) else {
      if !hasFailed, unsafe PyErr_Occurred() == nil {
        unsafe importahead_raise_type_error("expected str")
      }
      hasFailed = true
      return []
    }
    return value
  }

  mutating func list() -> [[UInt8]] { parts(of: text()) }

  private mutating func item() -> Object? {
    guard !hasFailed, let item = unsafe PyTuple_GetItem(tuple, next) else {
      hasFailed = true
      return nil
    }
    next &+= 1
    return unsafe item
  }
}

extension ProfileSettings {
  /// Reads `mode`, `home` and the names below it; anything else means no profiles.
  init(_ parts: [[UInt8]], interpreter: [UInt8]) {
    self.init()
    guard parts.count > 2 else { return }
    isRead = parts[0].contains(UInt8(ascii: "r"))
    isWritten = parts[0].contains(UInt8(ascii: "w"))
    home = parts[1]
    below = Array(parts[2...])
    isPerUser = below.count > 1
    self.interpreter = interpreter
  }
}

extension SessionSettings {
  /// Reads settings in the order that `importahead.hook` writes them.
  ///
  /// Returns `nil` with a Python error set for anything else. `isUseful` tells whether the program
  /// has anything to prefetch.
  init?(_ tuple: Object, isUseful: inout Bool) {
    self.init()
    var reader = unsafe SettingsReader(tuple)
    let commandLine = reader.list()
    let isSafe = reader.integer() != 0
    pathEntries = reader.list().filter { $0.first == UInt8(ascii: "/") }
    knownModules = reader.list()
    extensionSuffixes = reader.list()
    sourceSuffixes = reader.list()
    bytecodeSuffixes = reader.list()
    cacheSuffix = reader.text()
    cachePrefix = reader.text()
    magic = UInt32(truncatingIfNeeded: reader.integer())
    facts = InterpreterFacts(version: (reader.integer(), reader.integer(), reader.integer()))
    switch reader.text() {
    case Array("always".utf8): hashCheck = .always
    case Array("never".utf8): hashCheck = .never
    default: hashCheck = .asMarked
    }
    switch reader.text() {
    case Array("io_uring".utf8): (backend, isBackendForced) = (.ring, true)
    case Array("threads".utf8): (backend, isBackendForced) = (.threads, true)
    default: backend = .ring
    }
    profile = ProfileSettings(reader.list(), interpreter: reader.text())
    profile.boot = Boot.digits(inMark: reader.text()) ?? []
    profile.bootFiles = reader.list()
    if reader.hasFailed { return nil }
    isUseful = setProgram(commandLine: commandLine, isSafe: isSafe)
  }
}
