internal import CLinux
internal import ImportaheadCore

/// A command line of `run` that nothing needs to be said about.
///
/// The rules are those of the tool's own `run`; whatever could lead to a message is not taken here.
struct RunArguments {
  private var backend: [UInt8]?
  private var stats: [UInt8]?
  private var isQuiet = false
  private let words: Words
  /// The program and its arguments.
  private let command: Words

  private static let dash = UInt8(ascii: "-")

  /// Reads the words of this process; `nil` for what the tool must see.
  init?(_ words: Words) {
    guard words[1].equals("run") else { return nil }
    var index = 2
    while index < words.count, words[index].first == Self.dash {
      let word = words[index]
      index &+= 1
      if word.equals("--") { break }
      if word.equals("--quiet") {
        guard !isQuiet else { return nil }
        isQuiet = true
      } else if let value = Self.value("--backend", word, words, &index) {
        guard backend == nil, value.equals("io_uring") || value.equals("threads") else {
          return nil
        }
        backend = value
      } else if let value = Self.value("--stats", word, words, &index) {
        guard stats == nil else { return nil }
        stats = value
      } else {
        return nil
      }
    }
    self.words = words
    command = words.dropping(index)
    guard !command[0].isEmpty, isQuiet || !isIsolated else { return nil }
  }

  /// The value of an option that is written `--name value` or `--name=value`.
  private static func value(
    _ name: StaticString, _ word: [UInt8], _ words: Words, _ index: inout Int
  ) -> [UInt8]? {
    guard word.starts(name) else { return nil }
    let rest = word.dropFirst(name.utf8CodeUnitCount)
    if rest.first == UInt8(ascii: "="), rest.count > 1 { return Array(rest.dropFirst()) }
    let value = words[index]
    guard rest.isEmpty, !value.isEmpty, value.first != dash || value.count == 1 else { return nil }
    index &+= 1
    return value
  }

  /// Whether Python's own options keep the hook out, which the tool says.
  private var isIsolated: Bool {
    let name = command[0]
    let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 &+ 1 } ?? 0
    guard name[start...].starts(with: [UInt8]("python")) else { return false }
    var index = 1
    while index < command.count {
      let word = command[index]
      index &+= 1
      guard word.first == Self.dash, word.count > 1, !word.equals("--") else { return false }
      if word[1] == Self.dash {
        if word.equals("--check-hash-based-pycs") { index &+= 1 }
        continue
      }
      for place in 1..<word.count {
        switch word[place] {
        case UInt8(ascii: "E"), UInt8(ascii: "I"), UInt8(ascii: "S"): return true
        case UInt8(ascii: "c"), UInt8(ascii: "m"): return false
        case UInt8(ascii: "W"), UInt8(ascii: "X"):
          if place &+ 1 == word.count { index &+= 1 }
        default: continue
        }
        break
      }
    }
    return false
  }

  /// Replaces this process by the program; returns where the tool has something to say.
  func become() {
    guard let distribution = Distribution() else { return }
    var file = stats
    if let stats, !stats.equals("-"), stats.first != UInt8(ascii: "/") {
      guard let here = unsafe getcwd(nil, 0) else { return }
      file = unsafe bytes(of: here) + [UInt8(ascii: "/")] + stats
      unsafe free(here)
    }
    if let backend { Variable.set("IMPORTAHEAD_BACKEND", backend) }
    if let file { Variable.set("IMPORTAHEAD_STATS", file) }
    let before = Variable.value("PYTHONPATH") ?? []
    Variable.set("PYTHONPATH", distribution.searchPath)
    if let boot = boot(path: before) {
      Variable.set("IMPORTAHEAD_BOOT", boot.mark)
      boot.begin { words.overwrite(by: "importahead: reading ahead") }
    }
    command.execute(command[0])
  }

  /// What is known of the program's last start.
  private func boot(path: [UInt8]) -> Boot? {
    guard let interpreter = Program.file(command[0]), let place = ProfilePlace() else { return nil }
    let boot = Boot(
      (0..<command.count).map { command[$0] }, interpreter: interpreter,
      variables: [
        path, Variable.value("PYTHONHOME") ?? [], Variable.value("PYTHONPYCACHEPREFIX") ?? [],
        Variable.value("IMPORTAHEAD_BUNDLE") ?? [],
      ],
      home: place.home, below: place.below, isRead: place.isRead)
    return boot.mark.isEmpty ? nil : boot
  }
}
