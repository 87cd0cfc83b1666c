/// Where the parts of one marshalled code object stand in the stream.
struct MarshalCode {
  /// The offset of the object's type byte.
  var start: Int32
  /// The offset after the object's last byte.
  var end: Int32 = 0
  /// `co_flags`.
  var flags: Int32 = 0
  /// The offsets of the bytecode, the constants, the names, and of what names the locals.
  var bytecode: Int32 = 0
  var constants: Int32 = 0
  var names: Int32 = 0
  /// The offset of the code object's own name.
  var name: Int32 = 0
  /// `co_firstlineno`.
  var firstLine: Int32 = 0
  /// The offset of the table of lines.
  var lines: Int32 = 0
  /// The offset of the exception table; 0 before CPython 3.11.
  var exceptions: Int32 = 0
}

/// What a skim keeps: the target of every back reference and the place of every code object.
struct MarshalIndex {
  /// The offset of each object that carries the reference flag, in the order of the stream.
  var references: [Int32] = []
  /// The code objects in the order of the stream; the module's own is the first.
  var codes: [MarshalCode] = []

  /// The number of the code object that starts at `offset`.
  func code(at offset: Int) -> Int? {
    var low = 0
    var high = codes.count
    while low < high {
      let middle = (low &+ high) / 2
      let start = Int(codes[middle].start)
      if start == offset { return middle }
      if start < offset { low = middle &+ 1 } else { high = middle }
    }
    return nil
  }
}

/// The marshal type bytes that matter here, without the reference flag.
enum MarshalType {
  static var null: UInt8 { 0x30 }  // 0
  static var none: UInt8 { 0x4E }  // N
  static var yes: UInt8 { 0x54 }  // T
  static var no: UInt8 { 0x46 }  // F
  static var integer: UInt8 { 0x69 }  // i
  static var long: UInt8 { 0x6C }  // l
  static var bytes: UInt8 { 0x73 }  // s
  static var unicode: UInt8 { 0x75 }  // u
  static var interned: UInt8 { 0x74 }  // t
  static var ascii: UInt8 { 0x61 }  // a
  static var internedASCII: UInt8 { 0x41 }  // A
  static var shortASCII: UInt8 { 0x7A }  // z
  static var internedShortASCII: UInt8 { 0x5A }  // Z
  static var smallTuple: UInt8 { 0x29 }  // )
  static var tuple: UInt8 { 0x28 }  // (
  static var list: UInt8 { 0x5B }  // [
  static var set: UInt8 { 0x3C }  // <
  static var frozenSet: UInt8 { 0x3E }  // >
  static var dictionary: UInt8 { 0x7B }  // {
  static var reference: UInt8 { 0x72 }  // r
  static var code: UInt8 { 0x63 }  // c
  static var slice: UInt8 { 0x3A }  // :
  static var float: UInt8 { 0x67 }  // g
  static var complex: UInt8 { 0x79 }  // y
  static var floatText: UInt8 { 0x66 }  // f
  static var complexText: UInt8 { 0x78 }  // x
  static var stop: UInt8 { 0x53 }  // S
  static var ellipsis: UInt8 { 0x2E }  // .
  /// The bit that gives an object a number for later references.
  static var flag: UInt8 { 0x80 }
}
