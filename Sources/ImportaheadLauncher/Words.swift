internal import CLinux

/// A vector of words as execve(2) takes it: the system's own bytes, never copied.
@safe struct Words {
  private let first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  /// How many words there are.
  let count: Int

  /// Takes the words that the system passed to this process.
  @unsafe init(first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, count: Int) {
    unsafe self.first = unsafe first
    self.count = count
  }

  /// The bytes of a word; none past the end.
  subscript(index: Int) -> [UInt8] {
    guard index >= 0, index < count, let word = unsafe first[index] else { return [] }
    return unsafe bytes(of: word)
  }

  /// The words behind the first `index`.
  func dropping(_ index: Int) -> Words {
    let index = Swift.max(0, Swift.min(index, count))
    return unsafe Words(first: first + index, count: count &- index)
  }

  /// Puts a text where ps(1) reads the words (proc(5), `cmdline`), which are lost.
  func overwrite(by text: StaticString) {
    guard count > 0, let start = unsafe first[0], let last = unsafe first[count &- 1] else {
      return
    }
    // execve(2) puts them one behind the other.
    let size = unsafe last - start &+ Int(strlen(last))
    guard size > 0 else { return }
    let letters = [UInt8](text)
    for index in 0..<size {
      unsafe start[index] = index < letters.count ? CChar(bitPattern: letters[index]) : 0
    }
  }

  /// Replaces this process by `program`, looked for on PATH; returns where that is not possible.
  func execute(_ program: [UInt8]) {
    let name = program.withTerminator
    _ = unsafe execvp(name, first)
  }
}

/// The bytes of a C string.
func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
  let count = unsafe strlen(text)
  return unsafe UnsafeRawBufferPointer(start: text, count: count).map { $0 }
}

/// Variables of this process and of what it becomes.
enum Variable {
  /// The value of a variable; `nil` where it is not set.
  static func value(_ name: StaticString) -> [UInt8]? {
    guard let text = unsafe getenv(pointer(to: name)) else { return nil }
    return unsafe bytes(of: text)
  }

  /// Sets a variable.
  static func set(_ name: StaticString, _ value: [UInt8]) {
    let text = value.withTerminator
    _ = unsafe setenv(pointer(to: name), text, 1)
  }

  private static func pointer(to name: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

extension [UInt8] {
  /// The bytes as a C string.
  var withTerminator: [CChar] { map { CChar(bitPattern: $0) } + [0] }

  /// Makes the bytes of a literal.
  init(_ text: StaticString) {
    self = unsafe UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      .map { $0 }
  }

  /// Whether these are the bytes of a literal.
  func equals(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && starts(text) }

  /// Whether the bytes begin with a literal.
  func starts(_ text: StaticString) -> Bool { starts(with: [UInt8](text)) }
}
