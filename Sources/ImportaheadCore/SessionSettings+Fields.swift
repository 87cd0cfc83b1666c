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
  /// How the hook (`importahead.activate`) describes a session: one text after the other.
  private struct Fields {
    private let texts: [[UInt8]]
    private var next = 0

    init(_ texts: [[UInt8]]) { self.texts = texts }

    mutating func text() -> [UInt8] {
      defer { next &+= 1 }
      return next < texts.count ? texts[next] : []
    }

    /// Parts of NUL-separated text; no text has no parts.
    mutating func list() -> [[UInt8]] {
      let joined = text()
      guard !joined.isEmpty else { return [] }
      return joined.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    }

    mutating func integer() -> Int {
      var value = 0
      for digit in text() where digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9") {
        value = value &* 10 &+ Int(digit &- UInt8(ascii: "0"))
      }
      return value
    }
  }

  /// How many texts describe a session.
  public static let fieldCount = 24

  /// Reads settings in the order that the hook writes them; `nil` where there are not so
  /// many.
  ///
  /// `isUseful` tells whether the program has anything to prefetch.
  public init?(fields texts: [[UInt8]], isUseful: inout Bool) {
    self.init()
    guard texts.count == Self.fieldCount else { return nil }
    var fields = Fields(texts)
    let commandLine = fields.list()
    let isSafe = fields.integer() != 0
    pathEntries = fields.list().filter { $0.first == PathBytes.slash }
    knownModules = fields.list()
    extensionSuffixes = fields.list()
    sourceSuffixes = fields.list()
    bytecodeSuffixes = fields.list()
    cacheSuffix = fields.text()
    cachePrefix = fields.text()
    magic = UInt32(truncatingIfNeeded: fields.integer())
    facts = InterpreterFacts(version: (fields.integer(), fields.integer(), fields.integer()))
    switch fields.text() {
    case Array("always".utf8): hashCheck = .always
    case Array("never".utf8): hashCheck = .never
    default: hashCheck = .asMarked
    }
    switch fields.text() {
    case Array("io_uring".utf8): (backend, isBackendForced) = (.ring, true)
    case Array("threads".utf8): (backend, isBackendForced) = (.threads, true)
    default: backend = .ring
    }
    profile = ProfileSettings(fields.list(), interpreter: fields.text())
    bundle = fields.text()
    profile.boot = Boot.digits(inMark: fields.text()) ?? []
    profile.start = InterpreterStart(
      executables: fields.list(), landmark: fields.text(), modules: fields.list(),
      siteDirectories: fields.list())
    mayRest = fields.integer() != 0
    isUseful = setProgram(commandLine: commandLine, isSafe: isSafe)
  }
}
