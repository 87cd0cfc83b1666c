/// What came of asking for something that may be on its way.
public enum Attempt<Value> {
  case found(Value)
  /// importlib must look for itself.
  case notFound
  /// Still on its way: to be asked for again.
  case pending
}

extension Attempt {
  /// What `body` makes of what was found.
  func map<Other>(_ body: (Value) -> Other) -> Attempt<Other> {
    switch self {
    case .found(let value): .found(body(value))
    case .notFound: .notFound
    case .pending: .pending
    }
  }
}

/// One question of an importing thread, which may take several attempts.
public struct Question {
  /// Whether the session is to be told whose file it is, by `Session.demand`.
  public internal(set) var isDemand = false
  /// Whether it has been counted.
  var isCounted = false
  /// Whether the asker has had to wait.
  var hasWaited = false

  /// A question that has not been asked yet.
  public init() {}
}
