/// Marshalled pieces of bytecode files that no compiler writes.
enum InventedBytecode {
  /// The opcodes of CPython 3.11 that are used here.
  enum Opcode {
    static var pushNull: UInt8 { 2 }
    static var popTop: UInt8 { 1 }
    static var loadBuildClass: UInt8 { 71 }
    static var returnValue: UInt8 { 83 }
    static var loadConstant: UInt8 { 100 }
    static var importName: UInt8 { 108 }
    static var jumpForward: UInt8 { 110 }
    static var containsOperation: UInt8 { 118 }
    static var loadLocal: UInt8 { 124 }
    static var makeFunction: UInt8 { 132 }
    static var jumpBackward: UInt8 { 140 }
    static var extendedArgument: UInt8 { 144 }
    static var call: UInt8 { 171 }
  }

  static let empty: [UInt8] = [0x29, 0]
  static let none: [UInt8] = [0x4E]
  static let noBytes: [UInt8] = bytes([])

  /// A file that holds `object`, of 3.11 or, where `minor` says so, 3.14.
  static func file(_ object: [UInt8], minor: Int = 11) -> [UInt8] {
    let magic = minor == 14 ? 3627 : 3495
    return [UInt8(magic & 0xFF), UInt8(magic >> 8), 0x0D, 0x0A] + [UInt8](repeating: 0, count: 12)
      + object
  }

  static func word(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func text(_ text: String) -> [UInt8] { [0x75] + word(text.utf8.count) + text.utf8 }
  static func bytes(_ bytes: [UInt8]) -> [UInt8] { [0x73] + word(bytes.count) + bytes }
  static func reference(_ number: Int) -> [UInt8] { [0x72] + word(number) }
  /// Gives an object the next number for references.
  static func flagged(_ object: [UInt8]) -> [UInt8] { [object[0] | 0x80] + object.dropFirst() }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] {
    [0x28] + word(items.count) + Array(items.joined())
  }

  /// An instruction with its prefixes.
  static func unit(_ opcode: UInt8, _ argument: Int = 0) -> [UInt8] {
    var units: [UInt8] = []
    for shift in [24, 16, 8] where argument >> shift > 0 {
      units += [Opcode.extendedArgument, UInt8(truncatingIfNeeded: argument >> shift)]
    }
    return units + [opcode, UInt8(truncatingIfNeeded: argument)]
  }

  /// A code object; every field but the numbers is a marshalled object.
  static func code(
    _ code: [UInt8], constants: [UInt8] = empty, names: [UInt8] = empty,
    lines: [UInt8] = noBytes, exceptions: [UInt8] = noBytes
  ) -> [UInt8] {
    let name = text("f")
    return [0x63] + [UInt8](repeating: 0, count: 20) + code + constants + names + empty + noBytes
      + name + name + name + word(1) + lines + exceptions
  }

  /// A module whose class bodies are `bodies`; `first` is its first constant.
  static func classes(_ bodies: [[UInt8]], first: [UInt8] = none) -> [UInt8] {
    var units: [UInt8] = []
    for index in bodies.indices {
      units += unit(Opcode.pushNull) + unit(Opcode.loadBuildClass)
      units += unit(Opcode.loadConstant, index + 1) + unit(Opcode.makeFunction)
      units += unit(Opcode.popTop) + unit(Opcode.popTop)
    }
    units += unit(Opcode.returnValue)
    return file(code(bytes(units), constants: tuple([first] + bodies)))
  }

  /// An entry of an exception table.
  static func region(_ start: Int, _ length: Int, _ handler: Int) -> [UInt8] {
    [start, length, handler, 0].flatMap { number($0) }
  }

  private static func number(_ value: Int) -> [UInt8] {
    var digits: [UInt8] = []
    for shift in [24, 18, 12, 6, 0] where shift == 0 || value >> shift > 0 {
      digits.append(UInt8(value >> shift & 0x3F) | (shift > 0 ? 0x40 : 0))
    }
    return digits
  }
}
