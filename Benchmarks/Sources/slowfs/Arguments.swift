import ArgumentParser
import SlowFileSystem

/// A stretch of time as people write it: `0`, `100us`, `1ms`, `0.02s`.
struct Interval: ExpressibleByArgument, Equatable, CustomStringConvertible {
  let nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
    let (suffix, scale) = units.first { argument.hasSuffix($0.0) } ?? ("", 0)
    guard let value = Double(argument.dropLast(suffix.count)), value >= 0, value * scale < 1e12,
      scale > 0 || value == 0
    else { return nil }
    nanoseconds = UInt64((value * scale).rounded())
  }

  var description: String { "\(Double(nanoseconds) / 1e6)ms" }
}

/// A number of bytes with an optional `k`, `M` or `G` (powers of 1000).
struct ByteCount: ExpressibleByArgument, Equatable, CustomStringConvertible {
  let bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  init?(argument: String) {
    let units: [(String, Double)] = [("k", 1e3), ("M", 1e6), ("G", 1e9)]
    let (suffix, scale) = units.first { argument.hasSuffix($0.0) } ?? ("", 1)
    guard let value = Double(argument.dropLast(suffix.count)), value >= 0, value * scale < 1e18
    else { return nil }
    bytes = UInt64((value * scale).rounded())
  }

  var description: String { "\(bytes)" }
}

/// One operation's own latency, `read=2ms`.
struct OperationLatency: ExpressibleByArgument, Equatable {
  let operation: Operation
  let interval: Interval

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let interval = Interval(argument: parts[1]),
      let operation = Operation.allCases.first(where: { $0.name == parts[0] })
    else { return nil }
    (self.operation, self.interval) = (operation, interval)
  }
}

/// The names of the ready-made caching behaviours.
enum TimeoutPreset: String, ExpressibleByArgument, CaseIterable {
  case fuse, nfs, none

  /// What the kernel may remember under this name.
  var caching: Caching {
    switch self {
    case .fuse: .fuse
    case .nfs: .nfs
    case .none: .none
    }
  }
}
