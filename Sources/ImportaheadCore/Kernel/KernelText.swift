internal import CLinux

/// What the kernel tells in a file of text (proc(5), cgroups(7)): lines of words.
///
/// It is opened, read and closed, by calls that an interpreter's own start makes: a sandbox that punishes
/// others lets these pass.
struct KernelText {
  /// The whole of it.
  let bytes: [UInt8]

  /// Reads a file whose size is not known before; `nil` where it cannot be read.
  ///
  /// A user in many groups has a long status, a host many mounts: reading ends as soon as `isEnough` says so
  /// of what has come.
  init?(_ path: [UInt8], until isEnough: ([UInt8]) -> Bool = { _ in false }) {
    let descriptor = unsafe CPath(path).withPointer {
      unsafe importahead_open($0, O_RDONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let size = buffer.count
    while text.count < Self.most {
      let count = unsafe read(descriptor, &buffer, size)
      guard count >= 0 else { return nil }
      text += buffer.prefix(count)
      if count == 0 || isEnough(text) {
        bytes = text
        return
      }
    }
    return nil
  }

  /// Text that is at hand.
  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The most that is read, bytes.
  private static let most = 4 << 20

  /// Its lines.
  var lines: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "\n")) }

  /// The words behind `key`, in the first line that begins with it.
  func words(after key: String) -> [ArraySlice<UInt8>] {
    let key = Array(key.utf8)
    guard let line = lines.first(where: { $0.starts(with: key) }) else { return [] }
    return Self.words(in: line.dropFirst(key.count))
  }

  /// The number behind `key`; `nil` where there is none, or none that fits.
  func number(after key: String) -> Int? { words(after: key).first.flatMap(Decimal.number) }

  /// The number that is all of the text.
  var number: Int? { lines.first.flatMap(Decimal.number) }

  /// What blanks and tabulators part.
  static func words(in line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
  }
}
