/// The CPython versions whose bytecode can be read.
enum BytecodeVersion: UInt8, Comparable {
  case python39 = 9
  case python310, python311, python312, python313, python314

  /// The version that writes `magic`; `nil` for every other number, pre-releases included, because
  /// opcodes are renumbered between them.
  init?(magic: UInt32) {
    // The number is followed by CR LF, which a transfer in text mode would have changed.
    guard magic >> 16 == 0x0A0D else { return nil }
    switch magic & 0xFFFF {
    case 3425: self = .python39
    case 3439: self = .python310
    case 3495: self = .python311
    case 3531: self = .python312
    case 3571: self = .python313
    case 3627: self = .python314
    default: return nil
    }
  }

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The sixteen bytes in front of every cached code object (PEP 552).
public struct BytecodeHeader: Equatable, Sendable {
  /// How many bytes the header takes.
  public static var size: Int { 16 }

  /// The magic number with the two bytes after it.
  public let magic: UInt32
  /// Bit 0: the rest is a hash of the source; bit 1: the hash must be checked.
  public let flags: UInt32
  /// The source's time of modification, modulo 2**32; half of the hash for a hash-based file.
  public let sourceTime: UInt32
  /// The source's size, modulo 2**32; half of the hash for a hash-based file.
  public let sourceSize: UInt32

  /// Reads the front of a bytecode file, or returns `nil` when it is too short.
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.size else { return nil }
    let stream = MarshalStream(bytes)
    magic = UInt32(truncatingIfNeeded: stream.word(at: 0))
    flags = UInt32(truncatingIfNeeded: stream.word(at: 4))
    sourceTime = UInt32(truncatingIfNeeded: stream.word(at: 8))
    sourceSize = UInt32(truncatingIfNeeded: stream.word(at: 12))
  }

  /// The second number of the version of Python that wrote the file, if it is one that is known.
  public var pythonMinorVersion: Int? { BytecodeVersion(magic: magic).map { Int($0.rawValue) } }

  /// Whether the file is tied to its source by a hash instead of a time and a size.
  public var isHashBased: Bool { flags & 1 != 0 }

  /// Whether the hash must be compared with the source's before use.
  public var mustCheckSource: Bool { flags & 2 != 0 }
}
