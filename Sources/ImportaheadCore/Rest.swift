/// The time in which all that a program needs is in the page cache and processors are scarce, so that
/// reading ahead would only take from the program what it needs itself.
///
/// What ends it is an importing thread that has to wait: the kernel counts how often a thread has given up
/// its processor of its own accord (getrusage(2), `ru_nvcsw`), be it for a read, for a page of a shared
/// object or for a lock. Guarded by whoever owns it.
struct Rest {
  /// What becomes of a demand.
  enum Answer {
    /// The session learns of it.
    case heed
    /// It is not told, but its thread must be there, to see when the program has started.
    case attend
    case ignore
  }

  private(set) var isOn = false
  /// The thread that made the last demand (gettid(2)), and how often it had waited.
  private var asker: (thread: Int32, waits: Int) = (0, 0)
  private var ignored = 0

  /// A session without a thread that is not told of so many demands in a row does not save what it has
  /// recorded of a program that goes on for ever.
  private static let mostIgnored = 64

  /// Begins to ignore demands.
  mutating func begin() {
    isOn = true
    asker = (0, 0)
    ignored = 0
  }

  /// What becomes of a demand of the calling thread; ends the rest where that has waited since its last one,
  /// which is looked at only if `mayLook`.
  mutating func answer(mayLook: Bool = true) -> Answer {
    guard isOn else { return .heed }
    if mayLook {
      let now = (thread: Thread.identifier, waits: Thread.waits)
      guard now.thread != asker.thread || now.waits == asker.waits else {
        isOn = false
        return .heed
      }
      asker = now
    }
    ignored &+= 1
    guard ignored >= Self.mostIgnored else { return .ignore }
    ignored = 0
    return .attend
  }
}
