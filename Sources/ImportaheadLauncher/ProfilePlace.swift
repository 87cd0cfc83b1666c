internal import CLinux

/// Where profiles are kept, by the rules of the hook.
struct ProfilePlace {
  /// The directory below which they are; it need not exist.
  let home: [UInt8]
  /// The names of the directories below it.
  let below: [[UInt8]]
  /// Whether they are read.
  let isRead: Bool

  /// Reads the environment; `nil` where the user wants none, or nothing ahead at all.
  init?() {
    if let off = Variable.value("IMPORTAHEAD"), Self.isOff(off) { return nil }
    let chosen = Variable.value("IMPORTAHEAD_PROFILE") ?? []
    if Self.isOff(chosen) { return nil }
    let slash = UInt8(ascii: "/")
    if chosen.first == slash {
      var path = chosen
      while path.last == slash { path.removeLast() }
      guard let cut = path.lastIndex(of: slash) else { return nil }
      home = cut == 0 ? [slash] : Array(path[..<cut])
      below = [Array(path[(cut &+ 1)...])]
      isRead = true
      return
    }
    guard chosen.isEmpty || chosen.equals("read") || chosen.equals("write") else { return nil }
    isRead = !chosen.equals("write")
    below = [[UInt8]("importahead"), [UInt8]("v1")]
    if let cache = Variable.value("XDG_CACHE_HOME"), cache.first == slash {
      home = cache
      return
    }
    guard var user = Variable.value("HOME"), user.first == slash else { return nil }
    while user.last == slash { user.removeLast() }
    home = user + [UInt8]("/.cache")
  }

  private static func isOff(_ value: [UInt8]) -> Bool {
    let lower = value.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    return lower.equals("0") || lower.equals("off") || lower.equals("no") || lower.equals("false")
  }
}

/// The program that a word leads to.
enum Program {
  /// The file that execvp(3) would execute; `nil` where there is none.
  static func file(_ name: [UInt8]) -> [UInt8]? {
    let slash = UInt8(ascii: "/")
    if name.contains(slash) { return name }
    guard let path = Variable.value("PATH") else { return nil }
    for directory in path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
      let file = directory.isEmpty ? name : directory + [slash] + name
      let text = file.withTerminator
      if unsafe access(text, X_OK) == 0 { return file }
    }
    return nil
  }
}
