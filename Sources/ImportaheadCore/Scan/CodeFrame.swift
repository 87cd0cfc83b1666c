/// One instruction, its prefixes folded in.
struct BytecodeInstruction {
  /// What it does.
  var operation: BytecodeOperation
  /// Its argument.
  var argument: Int32
}

/// What one unit of bytecode turned out to be, as a set of bits.
struct UnitFlags: OptionSet {
  let rawValue: UInt8
  /// Evaluation can get here, exceptions included.
  static var reached: Self { Self(rawValue: 1) }
  /// Evaluation can go on to the next unit.
  static var falls: Self { Self(rawValue: 2) }
  /// A normal return can be reached from here.
  static var completes: Self { Self(rawValue: 4) }
  /// Evaluation gets here without an exception.
  static var normal: Self { Self(rawValue: 8) }
  /// A jump leads here.
  static var target: Self { Self(rawValue: 16) }
  /// The code object is left here, normally.
  static var returns: Self { Self(rawValue: 32) }
}

/// Something found in the code that makes, or may make, imports.
struct CodeEvent {
  /// What it is.
  enum Action {
    /// IMPORT_NAME: the level, and the offsets of the module's name and of the tuple of names.
    case statement(level: Int, module: Int32, names: Int32)
    /// A call of an importing function with the literal at an offset, or each of a tuple's.
    case dynamic(level: Int, name: Int32, base: Int32)
    /// The body of a class, or a call of a function, by the number of its code object.
    case classBody(Int32)
    case call(Int32)
  }

  /// Where it stands, in code units.
  var unit: Int32
  /// What happens there.
  var action: Action
  /// Whether something other than an import stands before it.
  var startsBlock: Bool
}

/// One code object while it is analysed: its units, and what the passes over them found.
struct CodeFrame {
  /// What kind of code it is.
  enum Role { case module, classBody, function }

  /// The number of the code object in the index.
  let code: Int
  let role: Role
  /// The offsets of its names and constants, references resolved.
  let names: [Int32]
  let constants: [Int32]
  /// Its instructions, one for each code unit.
  let instructions: [BytecodeInstruction]

  /// What is known of its own names, of its fast locals.
  var values: [KnownName]
  var locals: [KnownName] = []
  var stack: [Symbol] = []
  /// For each unit: what it is, where it may jump (or -1), which region it lies in (or -1).
  var flags: [UnitFlags]
  var jumps: [Int32]
  var region: [Int32] = []
  var regions: [ExceptionRegion] = []
  var events: [CodeEvent] = []
  /// Whether anything but straight-line code was seen.
  var hasBranches = false

  /// A frame for `code`, nothing known yet.
  init(
    code: Int, role: Role, names: [Int32], constants: [Int32], instructions: [BytecodeInstruction]
  ) {
    self.code = code
    self.role = role
    self.names = names
    self.constants = constants
    self.instructions = instructions
    values = [KnownName](repeating: KnownName(), count: names.count)
    flags = [UnitFlags](repeating: [], count: instructions.count)
    jumps = [Int32](repeating: -1, count: instructions.count)
  }

  /// The name with number `index`, as its offset.
  func name(_ index: Int) -> Int32? { index >= 0 && index < names.count ? names[index] : nil }

  /// Takes the topmost value off the stack.
  mutating func pop() -> Symbol { stack.popLast() ?? .unknown }

  /// Takes `count` values off the stack.
  mutating func drop(_ count: Int) {
    if count >= stack.count {
      stack.removeAll(keepingCapacity: true)
    } else {
      stack.removeLast(max(count, 0))
    }
  }

  /// The value `depth` places below the top, which is 0.
  func peek(_ depth: Int) -> Symbol {
    let place = stack.count &- 1 &- depth
    return depth >= 0 && place >= 0 && place < stack.count ? stack[place] : .unknown
  }
}
