/// A limit on the memory of this process and of what shares it: a control group's, or the host's own.
struct MemoryLimit {
  /// Bytes; `nil` for the host, which counts what is left itself.
  private let limit: Int?
  private let place: [UInt8]
  private let isUnified: Bool

  /// The limit of the group at `directory`; `nil` where it has none, or none that can be read.
  ///
  /// Of version 2 `memory.high` counts as well, above which a group is throttled.
  init?(group directory: [UInt8], isUnified: Bool) {
    let names = isUnified ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
    // "max" is no number; version 1 writes the largest multiple of a page where there is no limit.
    let found = names.compactMap { ControlGroups.Branch.text($0, in: directory)?.number }.min()
    guard let found, found < 1 << 58 else { return nil }
    limit = found
    place = directory
    self.isUnified = isUnified
  }

  /// What the host can spare.
  init(hostBelow root: [UInt8] = []) {
    limit = nil
    place = root
    isUnified = false
  }

  /// What a host is taken to have left that does not tell, bytes.
  private static let unknown = 256 << 20

  /// Bytes that nobody uses.
  var free: Int {
    guard let limit else {
      let told = KernelText(place + Array("/proc/meminfo".utf8))?.number(after: "MemAvailable:")
      return told.map { Swift.min($0, 1 << 40) &* 1024 } ?? Self.unknown
    }
    let name = isUnified ? "memory.current" : "memory.usage_in_bytes"
    guard let used = ControlGroups.Branch.text(name, in: place)?.number else { return limit / 2 }
    return Swift.max(0, limit &- used)
  }

  /// Bytes of the page cache that have not been used twice, and count as used; the host counts them as free.
  var idle: Int {
    guard limit != nil else { return 0 }
    let name = isUnified ? "inactive_file " : "total_inactive_file "
    return ControlGroups.Branch.text("memory.stat", in: place)?.number(after: name) ?? 0
  }

  /// How often somebody had to wait until memory was given up, since the group was made.
  ///
  /// Of version 2 the group's own count is taken (Linux 5.2): the other counts what groups below met too.
  var timesMet: Int {
    guard limit != nil else { return 0 }
    guard isUnified else {
      return ControlGroups.Branch.text("memory.failcnt", in: place)?.number ?? 0
    }
    let text =
      ControlGroups.Branch.text("memory.events.local", in: place)
      ?? ControlGroups.Branch.text("memory.events", in: place)
    guard let text else { return 0 }
    return ["max ", "high "].reduce(0) { $0 &+ (text.number(after: $1) ?? 0) }
  }
}
