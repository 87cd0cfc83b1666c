internal import Glibc

/// A string of the operating system: bytes without a NUL, in no particular encoding.
///
/// Arguments and paths that are not UTF-8 reach the program they are meant for unchanged.
struct ByteString: Equatable {
  /// The bytes, without a terminating NUL.
  let bytes: [UInt8]

  /// Wraps bytes; they must not hold a NUL.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Encodes `text` as UTF-8.
  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The bytes as text, with what is not UTF-8 replaced.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The part after the last slash.
  var lastComponent: String {
    let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  /// The process's arguments, byte for byte, the tool's own name first.
  static var arguments: [ByteString] {
    var result: [ByteString] = []
    for index in 0..<Int(CommandLine.argc) {
      guard let pointer = unsafe CommandLine.unsafeArgv[index] else { break }
      unsafe result.append(ByteString(copying: pointer))
    }
    return result
  }

  /// The value of an environment variable, or `nil` where it is not set.
  static func environment(_ name: String) -> ByteString? {
    guard let pointer = unsafe getenv(name) else { return nil }
    return unsafe ByteString(copying: pointer)
  }

  /// Sets an environment variable for this process and what it becomes.
  func setEnvironment(_ name: String) {
    unsafe withCString { value in _ = unsafe setenv(name, value, 1) }
  }

  /// Lends the bytes with a terminating NUL.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe terminated.withUnsafeBufferPointer { buffer in
      // SAFETY: the array holds at least the terminator, so it has a base address.
      unsafe body(buffer.baseAddress.unsafelyUnwrapped)
    }
  }

  private init(copying pointer: UnsafePointer<CChar>) {
    let count = unsafe strlen(pointer)
    bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: count).map { $0 }
  }
}
