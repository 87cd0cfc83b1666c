/// Everything a session knows about the interpreter, taken from it at start.
public struct SessionSettings: Sendable {
  /// What the program starts from.
  public var root = ProgramRoot.command([])
  /// The path entries, absolute, in the interpreter's order.
  public var pathEntries: [[UInt8]] = []
  /// Names that are loaded, built in or frozen.
  public var knownModules: [[UInt8]] = []
  /// `importlib.machinery.EXTENSION_SUFFIXES`.
  public var extensionSuffixes: [[UInt8]] = []
  /// `importlib.machinery.SOURCE_SUFFIXES`.
  public var sourceSuffixes: [[UInt8]] = []
  /// `importlib.machinery.BYTECODE_SUFFIXES`.
  public var bytecodeSuffixes: [[UInt8]] = []
  /// Every suffix of a module's file, in importlib's order.
  var suffixes: [[UInt8]] { extensionSuffixes + sourceSuffixes + bytecodeSuffixes }
  /// What replaces the suffix in `__pycache__`, for example `.cpython-311.opt-1.pyc`; empty where the
  /// interpreter keeps no bytecode.
  public var cacheSuffix: [UInt8] = []
  /// `sys.pycache_prefix`, or empty.
  public var cachePrefix: [UInt8] = []
  /// `importlib.util.MAGIC_NUMBER` as a little-endian word.
  public var magic: UInt32 = 0
  /// What decides constant conditions.
  public var facts = InterpreterFacts(version: (3, 9, 0))
  /// Whether hash-based bytecode files are checked although they say otherwise
  /// (`--check-hash-based-pycs=always`), or never.
  public var hashCheck = HashCheck.asMarked
  /// Whether the user asked for this back end by name.
  public var isBackendForced = false
  /// The back end to try first.
  public var backend = Backend.ring
  /// What past runs needed: where it is kept, and what is done with it.
  public var profile = ProfileSettings()
  /// Whether the interpreter writes bytecode, and so makes directories and renames files by itself.
  public var writesBytecode = true
  /// The path of a bundle to take bytecode from, or empty.
  public var bundle: [UInt8] = []
  /// Whether to stop reading ahead where the page cache has all that is asked for and processors are scarce.
  public var mayRest = true
  /// How much to fetch.
  public var limits = FetchLimits()

  /// Values of `--check-hash-based-pycs`.
  public enum HashCheck: Sendable {
    case asMarked, always, never
  }

  /// Settings to be filled in.
  public init() {}

  /// Sets what the program starts from, and puts the path entry in front that the interpreter will.
  ///
  /// `isSafe` stands for `-I`, `-P` and PYTHONSAFEPATH. Returns `false` where there is nothing to
  /// look for: an interactive start, or a command that imports nothing.
  public mutating func setProgram(commandLine: [[UInt8]], isSafe: Bool) -> Bool {
    writesBytecode = ProgramRoot.writesBytecode(commandLine: commandLine)
    guard let found = ProgramRoot(commandLine: commandLine) else { return false }
    let (root, entry) = found.located(isSafe: isSafe)
    self.root = root
    if let entry, !pathEntries.contains(entry) { pathEntries.insert(entry, at: 0) }
    guard case .command(let text) = root else { return true }
    let scan = SourceScanner.scan(unsafe text.span.bytes, facts: facts, asMain: true)
    return !scan.statements.isEmpty
  }
}
