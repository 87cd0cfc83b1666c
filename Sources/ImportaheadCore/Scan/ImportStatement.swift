/// How sure it is that an import statement runs when its module is evaluated.
public enum ImportKind: UInt8, Sendable {
  /// Runs whenever the module is evaluated.
  case eager
  /// Stands behind a condition that cannot be evaluated ahead of time.
  case conditional
  /// Stands in an `except` or `else` clause that runs only when another import decides so.
  case fallback
  /// Stands under `if TYPE_CHECKING`, or a condition that is constant and false here: never runs.
  case never
  /// Deferred until first use (PEP 810).
  case lazy
}

/// One import that a module's own code makes while it is evaluated.
///
/// Names are bytes (UTF-8 as in the source), because comparing `String` needs Unicode tables that
/// the extension does not carry.
public struct ImportStatement: Sendable {
  /// How sure it is that the statement runs.
  public var kind: ImportKind
  /// The number of leading dots; 0 for an absolute import.
  public var level: Int
  /// The dotted name after `import` or `from`; empty for `from . import name`.
  public var module: [UInt8]
  /// The names after `from … import`, `*` included; empty for a plain `import`.
  public var names: [[UInt8]]
  /// The line of the statement, counted from 1; 0 where it is not known.
  public var line: Int
  /// The index of the block of consecutive imports the statement belongs to.
  public var block: Int
  /// The `try` body that holds the statement, counted from 1 within the module; 0 for none.
  public var attempt: Int
  /// The `try` body whose failure makes this statement run; 0 unless `kind` is `.fallback`.
  public var fallbackOf: Int
  /// Whether it stands in a function that module-level code calls.
  public var isCalled: Bool

  /// Describes one import statement.
  public init(
    kind: ImportKind, level: Int, module: [UInt8], names: [[UInt8]] = [], line: Int = 0,
    block: Int = 0, attempt: Int = 0, fallbackOf: Int = 0, isCalled: Bool = false
  ) {
    self.kind = kind
    self.level = level
    self.module = module
    self.names = names
    self.line = line
    self.block = block
    self.attempt = attempt
    self.fallbackOf = fallbackOf
    self.isCalled = isCalled
  }
}

/// What a scan of one module found.
public struct ImportScan: Sendable {
  /// The imports in the order evaluation reaches them.
  public var statements: [ImportStatement] = []
  /// Module-level names bound by something other than an import (def, class, assignment), each once:
  /// `from package import name` does not import a submodule that such a name hides.
  public var bindings: [[UInt8]] = []
  /// How many steps the scan took, of which a file has only so many for each of its bytes.
  public var steps = 0
  /// Whether these were not enough: what would have been found later is missing.
  public var isCut = false

  /// Makes an empty scan.
  public init() {}
}
