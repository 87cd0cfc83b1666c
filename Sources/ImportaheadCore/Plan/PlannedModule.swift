/// Where a module's code stands.
enum ModuleLocation {
  /// A `.py` file; `package` is the directory whose modules lie below it, if it is one.
  case source([UInt8], package: [UInt8]?)
  /// A `.pyc` file without its source.
  case bytecode([UInt8], package: [UInt8]?)
  /// A shared object.
  case native([UInt8], package: [UInt8]?)
  /// No code: a namespace package's portions.
  case namespace([[UInt8]])

  /// Whether other modules may lie below this one.
  var isPackage: Bool {
    switch self {
    case .source(_, let package), .bytecode(_, let package), .native(_, let package):
      return package != nil
    case .namespace: return true
    }
  }

  /// The directories that modules below this one are looked for in.
  var searchPath: [[UInt8]] {
    switch self {
    case .source(_, let package), .bytecode(_, let package), .native(_, let package):
      return package.map { [$0] } ?? []
    case .namespace(let portions):
      return portions
    }
  }
}

/// A module the program may import, on its way from a name to bytes.
final class PlannedModule {
  enum Stage {
    /// Not looked for yet: nobody needs it, or it waits for its package or for a directory.
    case named
    /// Found; waits for its turn to be fetched.
    case located
    /// Being fetched.
    case submitted
    /// Its imports are known.
    case scanned
    /// Not to be found where importlib would look, or out of reach.
    case absent
  }

  /// The full dotted name.
  let name: [UInt8]
  /// The package it lies in.
  let parent: PlannedModule?
  var stage = Stage.named
  var location: ModuleLocation?
  let place: OrderPlace
  /// Where it stood last in the queue that it was put into last.
  var queueIndex = 0
  /// How far the importing program is from certainly needing it: 0 for certain.
  var rank: Int
  /// Loaded before the session began, built in or frozen: looked for only on behalf of its children.
  let isKnown: Bool
  /// Named after `from … import`: a module only where its package has no such name of its own.
  var isTentative = false
  /// Index of the next entry of the search path to look in.
  var searchIndex = 0
  /// Portions of a namespace package found so far.
  var portions: [[UInt8]] = []
  /// Modules that cannot go on until this one is located or scanned.
  var waiters: [PlannedModule] = []
  /// What its code does when it is evaluated.
  var scan: ImportScan? {
    didSet { (bindings, fallbacks) = (nil, nil) }
  }
  /// The names that the scan says are bound, once somebody has asked.
  private var bindings: ByteTable<Bool>?
  /// For each `try` body, the statements that its failure leads to, once one has failed; each is taken once.
  private var fallbacks: [[Int]]?
  /// Status of its source, once known.
  var sourceStatus: FileStatus?
  var bytecodeHeader: BytecodeHeader?
  var hasFetchedSource = false
  /// Whether its directory lies on a file system that asks no server.
  var isLocal = false
  /// Its bytes, from their arrival until they are scanned.
  var arrived: FileBytes?
  /// Whether those bytes are source.
  var hasSourceArrived = false
  /// Asked for although no scan had named it.
  var isUnforeseen = false
  /// Run as the program itself: its code sees `__name__ == "__main__"`.
  var isMain = false
  /// Whether a profile says where it is; nobody has looked.
  var isRecalled = false
  /// Whether its bytecode is one whose imports the bundle that is recalled names.
  var isSettledInBundle = false
  /// Whether something asked for it, not the profile alone.
  var isWanted = false
  /// Importers that run other imports if this module turns out to be absent, and their `try` bodies.
  var attempts: [(PlannedModule, Int)] = []

  init(name: [UInt8], parent: PlannedModule?, place: OrderPlace, rank: Int, isKnown: Bool) {
    self.name = name
    self.parent = parent
    self.place = place
    self.rank = rank
    self.isKnown = isKnown
  }

  /// The part of the name behind the last dot.
  var tail: [UInt8] {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return name }
    return Array(name[(dot &+ 1)...])
  }

  /// Whether its code binds a name by something other than an import.
  func binds(_ name: [UInt8]) -> Bool {
    guard let scan, !scan.bindings.isEmpty else { return false }
    if bindings == nil {
      var table = ByteTable<Bool>()
      for name in scan.bindings { table.set(name, true) }
      bindings = table
    }
    return bindings?[name] != nil
  }

  /// Takes the imports that run because one of the `try` body `attempt` failed; none the second time.
  func takeFallbacks(of attempt: Int) -> [ImportStatement] {
    guard let scan else { return [] }
    var table = fallbacks ?? Self.fallbacks(in: scan)
    // Held once only, the table changes without being copied.
    fallbacks = nil
    defer { fallbacks = table }
    guard table.indices.contains(attempt) else { return [] }
    let taken = table[attempt]
    table[attempt] = []
    return taken.map { scan.statements[$0] }
  }

  private static func fallbacks(in scan: ImportScan) -> [[Int]] {
    var table: [[Int]] = []
    for (index, statement) in scan.statements.enumerated() where statement.fallbackOf > 0 {
      while table.count <= statement.fallbackOf { table.append([]) }
      table[statement.fallbackOf].append(index)
    }
    return table
  }

  /// Whether no scan of it is still to come.
  var isScanFinal: Bool {
    if stage == .scanned || stage == .absent { return true }
    if case .source? = location { return false }
    return location != nil
  }

  /// Whether it is certain that there is no more to learn about where it is.
  var isSettled: Bool { location != nil || stage == .absent }
}
