import Foundation

/// What a run measures, the most important first, so that a run cut short has that.
struct Plan {
  /// A program to be made when its turn comes.
  enum Subject: Hashable {
    case workload(Workload, TreeShape)
    case command([String], roots: [String])
  }

  /// One program on one storage.
  struct Item {
    var figure = "bars"
    let subject: Subject
    let storage: Storage
    let contestants: [Contestant]
    let rounds: Int
    var parameter: Double?
  }

  var items: [Item] = []
  /// The program whose start is drawn as a waterfall, and the item it follows.
  var waterfall: (subject: Subject, after: Int)?

  /// Contestants whose cost is drawn against something.
  static let swept: [Contestant] = [.stock, .stockWarm, .ioUring, .ioUringLearned, .readList]

  /// The contestants of a bar chart on `storage`.
  static func bars(_ chosen: [Contestant], on storage: Storage) -> [Contestant] {
    (chosen.isEmpty ? Contestant.allCases : chosen).filter {
      $0.matters(on: storage)
    }
  }

  /// Adds every subject on every storage.
  mutating func add(
    _ subjects: [Subject], on storages: [Storage], _ contestants: [Contestant], rounds: Int?
  ) {
    for subject in subjects {
      for storage in storages {
        items.append(
          Item(
            subject: subject, storage: storage,
            contestants: Plan.bars(contestants, on: storage), rounds: rounds ?? storage.rounds))
      }
    }
  }

  /// Adds the synthetic tree in several sizes.
  mutating func sweep(
    modules: [Double], shape: TreeShape, on storages: [Storage], _ contestants: [Contestant],
    rounds: Int
  ) {
    for count in modules {
      var tree = shape
      tree.modules = max(1, Int(count))
      for storage in storages {
        items.append(
          Item(
            figure: "modules", subject: .workload(.synthetic, tree), storage: storage,
            contestants: contestants, rounds: rounds, parameter: count))
      }
    }
  }

  /// Adds a program at several latencies, in milliseconds.
  mutating func sweep(
    latencies: [Double], of workload: Workload, shape: TreeShape, _ contestants: [Contestant],
    rounds: Int
  ) {
    for latency in latencies {
      let text = latency == 0 ? "0" : "\(shortest(latency))ms"
      items.append(
        Item(
          figure: "latency", subject: .workload(workload, shape),
          storage: .slow(latency: text, timeouts: "nfs"), contestants: contestants,
          rounds: rounds, parameter: latency))
    }
  }
}

extension Plan {
  /// Everything: all programs on both storages, the sweeps, and warm starts last.
  static func full(_ chosen: [Contestant], shape: TreeShape, rounds: Int?) -> Plan {
    let slow = Storage.slow(latency: "1ms", timeouts: "nfs")
    let first: [Workload] = [.django, .pandas, .cli]
    let rest: [Workload] = [.fastapi, .numpy, .synthetic, .pass]
    var (plan, small) = (Plan(), shape)
    plan.add(
      first.map { .workload($0, shape) }, on: [slow, .localCold], chosen, rounds: rounds)
    plan.waterfall = (.workload(.django, shape), plan.items.count - 1)
    plan.add(
      rest.map { .workload($0, shape) }, on: [slow, .localCold], chosen, rounds: rounds)
    plan.sweep(
      latencies: [0, 0.1, 0.5, 1, 5, 20], of: .cli, shape: shape, swept, rounds: rounds ?? 4)
    // Small modules, as most are: tens of thousands of large ones measure the disk.
    small.bytes = 1500
    plan.sweep(
      modules: [100, 300, 1000, 3000], shape: small, on: [.localCold, slow], swept,
      rounds: rounds ?? 4)
    plan.sweep(
      modules: [10_000, 30_000], shape: small, on: [.localCold], swept, rounds: rounds ?? 3)
    plan.add(
      (first + rest).map { .workload($0, shape) }, on: [.localWarm], chosen, rounds: rounds)
    return plan
  }

  /// A tool with all contestants, a larger program with those that need no preparation, and three
  /// latencies.
  static func quick(_ chosen: [Contestant], shape: TreeShape, rounds: Int?) -> Plan {
    var plan = Plan()
    let places = [Storage.slow(latency: "1ms", timeouts: "nfs"), .localCold]
    let light: [Contestant] = [
      .stock, .stockWarm, .ioUring, .threads, .ioUringLearned, .threadsLearned, .launcher,
      .bundle, .launcherBundle, .readList,
    ]
    plan.add([.workload(.cli, shape)], on: places, chosen, rounds: rounds ?? 7)
    plan.add(
      [.workload(.django, shape)], on: places, chosen.isEmpty ? light : chosen,
      rounds: rounds ?? 7)
    plan.waterfall = (.workload(.cli, shape), 0)
    plan.sweep(latencies: [0.1, 1, 5], of: .cli, shape: shape, swept, rounds: rounds ?? 3)
    return plan
  }
}

extension Storage {
  /// Rounds that tell a tenth apart: latency repeats, and a disk does not.
  fileprivate var rounds: Int {
    switch self {
    case .localCold: 15
    case .localWarm: 9
    case .slow: 7
    }
  }
}

extension Plan.Item {
  /// What a round of all contestants may cost, in seconds on a machine like ours, for shares only.
  var weight: Double {
    let latency = storage.milliseconds / 1000
    let share = storage == .localWarm ? 1.2 : 0.7
    let (seconds, requests) = subject.estimate
    let one = share * (seconds + requests * latency) + 0.3
    return Double(contestants.count) * one * (Double(rounds) + 2) + 3
  }
}

extension Plan.Subject {
  /// The name before the program is made.
  var title: String {
    switch self {
    case .workload(.synthetic, let tree): "synthetic, \(tree.modules) modules"
    case .workload(let workload, _): workload.title
    case .command(let words, _): Program.title(of: words)
    }
  }

  /// Whether a cell's identifier is that of this program.
  func matches(_ identifier: String) -> Bool {
    switch self {
    case .workload(let workload, _): workload.rawValue == identifier
    case .command: identifier == "command"
    }
  }

  /// Seconds of a cold start from a local disk, and requests where the storage is slow.
  fileprivate var estimate: (seconds: Double, requests: Double) {
    switch self {
    case .command: (0.6, 3000)
    case .workload(.pass, _): (0.05, 200)
    case .workload(.cli, _): (0.2, 800)
    case .workload(.numpy, _): (0.3, 1000)
    case .workload(.pandas, _): (0.7, 3000)
    case .workload(.django, _): (0.6, 2700)
    case .workload(.fastapi, _): (0.7, 3000)
    case .workload(.torch, _): (4, 9000)
    case .workload(.synthetic, let tree):
      (0.1 + 0.0005 * Double(tree.modules), 4 * Double(tree.modules))
    }
  }
}

/// A number without zeros behind the point.
private func shortest(_ value: Double) -> String {
  value == value.rounded() ? "\(Int(value))" : "\(value)"
}
