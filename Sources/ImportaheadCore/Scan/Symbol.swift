/// What is known, ahead of time, of a value that module-level code handles.
enum Symbol: Equatable {
  case unknown
  /// The empty slot that a call finds beside a plain function.
  case null
  /// The object a method was looked up on.
  case receiver
  case integer(Int)
  case boolean(Bool)
  case none
  /// A constant of the bytecode file, by its offset.
  case object(Int32)
  /// A code object or a function made of it, by its number in the index.
  case code(Int32)
  case function(Int32)
  case text(KnownText)
  /// The first bytes of such a string, as `sys.platform[:3]`.
  case textPrefix(KnownText, Int)
  /// `sys.version_info`, or its first items.
  case version
  case versionPrefix(Int)
  /// A slice that starts at the front and ends before this index.
  case slice(Int)
  case module(KnownModule)
  /// Something imported of which nothing is known.
  case imported
  case callable(KnownCallable)
  case startsWith(KnownText)
  /// `__name__` and `__package__`.
  case moduleName, packageName
  /// The variable of a loop over the constant tuple at this offset.
  case each(Int32)
  case buildClass

  /// Whether the value came from an import statement, as far as the value tells.
  var isImported: Bool {
    switch self {
    case .imported, .module: return true
    default: return false
    }
  }
}

/// A string that is constant for an interpreter.
enum KnownText: UInt8 {
  case platform, osName, implementation, implementationTitle, system
}

/// A module whose attributes decide conditions.
enum KnownModule: UInt8 {
  case sys, os, platform, importlib, implementation, other
}

/// A function whose result is known or that imports.
enum KnownCallable: UInt8 {
  case importModule, builtinImport, pythonImplementation, system
}

/// What a name of the code is worth, and whether anything was made of that already.
struct KnownName {
  private var value: Symbol?
  private var wasUsed = false

  /// What the name is worth; `nil` where nothing was learnt.
  mutating func use() -> Symbol? {
    wasUsed = true
    return value
  }

  /// Learns that the name is bound to `symbol`; returns whether what was made of it may be wrong now.
  ///
  /// A name that had one value and is bound to another is worth nothing for certain.
  mutating func learn(_ symbol: Symbol) -> Bool {
    let before = value
    value = before == nil || before == symbol ? symbol : .unknown
    return wasUsed && value != before
  }
}
