extension ProfileSettings {
  /// Reads `mode`, `home` and the names below it; anything else means no profiles.
  init(_ parts: [[UInt8]], interpreter: [UInt8]) {
    self.init()
    self.interpreter = interpreter
    guard parts.count > 2 else { return }
    isRead = parts[0].contains(UInt8(ascii: "r"))
    isWritten = parts[0].contains(UInt8(ascii: "w"))
    home = parts[1]
    below = Array(parts[2...])
    isPerUser = below.count > 1
  }
}

extension SessionSettings {
  /// How the hook (`importahead.activate`) describes a session: texts with names.
  private struct Fields {
    private var texts = ByteTable<[UInt8]>()
    /// Names that were asked for.
    private var asked = 0

    /// `nil` where a text has no name.
    init?(_ named: [[UInt8]]) {
      for field in named {
        guard let end = field.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        texts.set(Array(field[..<end]), Array(field[(end &+ 1)...]))
      }
    }

    /// The text of that name, or none.
    mutating func text(_ name: StaticString) -> [UInt8] {
      let key = unsafe Array(
        UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      guard let text = texts[key] else { return [] }
      asked &+= 1
      return text
    }

    /// Whether nothing was given that was not asked for.
    var isRead: Bool { asked == texts.count }

    /// Parts of NUL-separated text; no text has no parts.
    mutating func list(_ name: StaticString) -> [[UInt8]] {
      let joined = text(name)
      guard !joined.isEmpty else { return [] }
      return joined.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    }

    mutating func integer(_ name: StaticString) -> Int { Self.integer(text(name)) }

    static func integer(_ text: [UInt8]) -> Int {
      var value = 0
      for digit in text where digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9") {
        value = value &* 10 &+ Int(digit &- UInt8(ascii: "0"))
      }
      return value
    }
  }

  /// Reads settings as the hook's `_settings()` writes them: a name, `=` and a text for each, lists
  /// separated by NULs; `nil` where one is not known here, or has no name.
  ///
  /// What is missing is as if it were empty. `isUseful` tells whether the program has anything to
  /// prefetch.
  public init?(named texts: [[UInt8]], isUseful: inout Bool) {
    self.init()
    guard var fields = Fields(texts) else { return nil }
    pathEntries = fields.list("path").filter { $0.first == PathBytes.slash }
    knownModules = fields.list("known_modules")
    extensionSuffixes = fields.list("extension_suffixes")
    sourceSuffixes = fields.list("source_suffixes")
    bytecodeSuffixes = fields.list("bytecode_suffixes")
    cacheSuffix = fields.text("cache_suffix")
    cachePrefix = fields.text("pycache_prefix")
    magic = UInt32(truncatingIfNeeded: fields.integer("magic"))
    let version = fields.list("version").map(Fields.integer)
    guard version.count == 3 else { return nil }
    facts = InterpreterFacts(version: (version[0], version[1], version[2]))
    switch fields.text("check_hash_based_pycs") {
    case Array("always".utf8): hashCheck = .always
    case Array("never".utf8): hashCheck = .never
    default: hashCheck = .asMarked
    }
    switch fields.text("backend") {
    case Array("io_uring".utf8): (backend, isBackendForced) = (.ring, true)
    case Array("threads".utf8): (backend, isBackendForced) = (.threads, true)
    default: backend = .ring
    }
    profile = ProfileSettings(fields.list("profile"), interpreter: fields.text("interpreter"))
    bundle = fields.text("bundle")
    profile.boot = Boot.digits(inMark: fields.text("boot")) ?? []
    profile.start = InterpreterStart(
      executables: fields.list("executables"), landmark: fields.text("landmark"),
      modules: fields.list("modules"), siteDirectories: fields.list("site_directories"))
    mayRest = fields.integer("may_rest") != 0
    let commandLine = fields.list("command_line")
    let isSafe = fields.integer("is_safe") != 0
    guard fields.isRead else { return nil }
    isUseful = setProgram(commandLine: commandLine, isSafe: isSafe)
  }
}
