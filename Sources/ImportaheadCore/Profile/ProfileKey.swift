/// What a profile belongs to: one program, as one interpreter would run it for one user.
///
/// Only a hash of it is kept, as the file's name: a profile does not tell what was run.
enum ProfileKey {
  /// The file's name.
  static func fileName(for settings: SessionSettings, user: UInt32) -> [UInt8] {
    let user = settings.profile.isPerUser ? user : nil
    return Hexadecimal.digits(of: hash(of: settings, user)) + Array(".profile".utf8)
  }

  /// A number for the program and its interpreter, the same for every user.
  static func program(for settings: SessionSettings) -> UInt64 { hash(of: settings, nil) }

  private static func hash(of settings: SessionSettings, _ user: UInt32?) -> UInt64 {
    var hash = ByteHash()
    func mix(_ bytes: [UInt8]) {
      hash.combine(bytes)
      hash.combine(0)
    }
    mix(settings.profile.interpreter)
    mix(settings.cacheSuffix)
    mix(settings.cachePrefix)
    mix(Hexadecimal.digits(of: UInt64(settings.magic) << 32))
    if let user { mix(Hexadecimal.digits(of: UInt64(user))) }
    for entry in settings.pathEntries { mix(entry) }
    mix([])
    switch settings.root {
    case .script(let path):
      mix(Array("script".utf8))
      mix(path)
    case .module(let name):
      mix(Array("module".utf8))
      mix(name)
    case .command(let text):
      // Commands that import the same are one program: some carry numbers that are always new.
      mix(Array("command".utf8))
      let scan = SourceScanner.scan(unsafe text.span.bytes, facts: settings.facts, asMain: true)
      for statement in scan.statements {
        mix(statement.module)
        for name in statement.names { mix(name) }
      }
    }
    return hash.value
  }
}

/// What the user wants done with profiles.
public struct ProfileSettings: Sendable {
  /// Whether what a past run needed is fetched.
  public var isRead = false
  /// Whether what this run needed is kept.
  public var isWritten = false
  /// The directory below which profiles are kept; it need not exist.
  public var home: [UInt8] = []
  /// Whether users who share the directory have profiles of their own.
  public var isPerUser = true
  /// The names of the directories below it, the last of which holds the files.
  public var below: [[UInt8]] = []
  /// What tells interpreters apart: version, build and prefixes.
  public var interpreter: [UInt8] = []

  /// The digits of the record that the launcher looks for; empty without a launcher.
  public var boot: [UInt8] = []
  /// What the interpreter looked for before the session began.
  var start = InterpreterStart()

  /// No profiles.
  public init() {}
}
