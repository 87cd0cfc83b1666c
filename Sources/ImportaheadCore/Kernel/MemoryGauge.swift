/// How the memory beside the program becomes less while it starts.
///
/// What the program will need is not known; that it needs as much again as it has taken is the best guess.
struct MemoryGauge {
  /// What may be done.
  enum Reading: Equatable {
    /// Whatever there is to do.
    case ample
    /// What is read ahead of need may take no more of the page cache.
    case tight
    /// Nothing: what was read ahead is in the program's way.
    case short
  }

  private struct Level {
    let limit: MemoryLimit
    let left: Int
    var met: Int
  }

  private var levels: [Level]
  /// Bytes that were left at the beginning, where there was least.
  let room: Int

  /// With so many bytes left a limit is not looked at again: a start takes less.
  private static let plenty = 16 << 30

  /// Looks at what is left now.
  init(_ limits: [MemoryLimit]) {
    let all = limits.map {
      Level(limit: $0, left: $0.free &+ Self.old($0.idle), met: $0.timesMet)
    }
    room = all.reduce(Int.max) { Swift.min($0, $1.left) }
    levels = all.filter { $0.left < Self.plenty }
  }

  /// Whether there is a limit that may be met.
  var isNeeded: Bool { !levels.isEmpty }

  /// What lies unused in the page cache is given up first, but not by anybody's leave: half of it counts.
  private static func old(_ idle: Int) -> Int { Swift.max(0, idle) / 2 }

  /// What is left of the room, after `read` bytes were read ahead: these lie unused in the page cache too,
  /// and are what must not be given up.
  mutating func reading(after read: Int) -> Reading {
    var worst = Reading.ample
    for index in levels.indices {
      let level = levels[index]
      let free = level.limit.free
      guard free < level.left / 2 else { continue }
      let met = level.limit.timesMet
      let isMet = met != level.met
      levels[index].met = met
      let left = free &+ Self.old(level.limit.idle &- read)
      guard left < level.left / 2 else { continue }
      if isMet || left < level.left / 4 { return .short }
      worst = .tight
    }
    return worst
  }
}
