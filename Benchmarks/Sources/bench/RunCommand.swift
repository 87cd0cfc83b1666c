import ArgumentParser
import Foundation
import Measure

extension Storage: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}

/// `bench run`: everything, some of it, or a command of the user's own.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure programs on storages, all contestants interleaved at random.",
    discussion: """
      Without options: the quick plan. `bench -- python app.py` measures a command of your own; the \
      directories its interpreter searches are what is evicted or slowed down.
      """)

  @OptionGroup var setting: Setting

  @Flag(help: "The whole plan: every program, local disk and slow file system, the sweeps.")
  var full = false

  @Option(name: .customLong("workload"), help: "A program; repeat for several.")
  var workloads: [Workload] = []

  @Option(help: "A program that is not part of the plans, for instance torch.")
  var with: [Workload] = []

  @Option(name: .customLong("storage"), help: "local-cold, local-warm, slow-1ms, slow-1ms-fuse, …")
  var storages: [Storage] = []

  @Option(name: .customLong("contestant"), help: "A way to start; repeat for several.")
  var contestants: [Contestant] = []

  @Option(name: .customLong("root"), help: "A directory of the command's to evict or slow down.")
  var roots: [String] = []

  @Option(help: "The most rounds of one contestant.")
  var rounds: Int?

  @Option(help: "Seconds for one program on one storage.")
  var seconds: Double?

  @Option(help: "Sweep over the number of modules: 100,300,1000.", transform: numbers)
  var sweepModules: [Double]?

  @Option(help: "Sweep over milliseconds of latency: 0,0.1,1.", transform: numbers)
  var sweepLatency: [Double]?

  @Option(help: "The program of the latency sweep.")
  var sweepWorkload = Workload.cli

  @Option(help: "The program whose start is drawn as a waterfall.")
  var waterfall: Workload?

  @Option(
    help: "Modules, depth, fan-out, bytes of bytecode and path entries of the synthetic tree.")
  var tree = "1000,3,10,4000,4"

  @Option(help: "The run's name, part of the archive's.")
  var name: String?

  @Option(
    help: "Where the archive goes. Default: runs/<date>-<name>, in Benchmarks for named runs.")
  var output: String?

  @Option(help: "Seconds after which one start is stopped, or eight of stock's if those are more.")
  var patience: Int?

  @Flag(name: .customLong("no-detail"), help: "Skip the traced runs that count system calls.")
  var noDetail = false

  @Flag(name: .customLong("no-plots"), help: "Do not draw pictures.")
  var noPlots = false

  @Argument(parsing: .postTerminator, help: "A command of your own.")
  var command: [String] = []

  mutating func run() throws {
    Namespace.enter()
    let workshop = try setting.workshop()
    var recorder = try Recorder(
      folder: absolute(output ?? runs + "/\(day())-\(runName)"), name: runName,
      python: workshop.python, cache: setting.cacheDirectory)
    let turnstile = Turnstile(setting.lock, seconds: setting.lockSeconds)
    let meetings = try plan(workshop).map { item in
      let meeting = Meeting(
        program: item.program, storage: item.storage, paddock: try setting.paddock(workshop),
        contestants: item.contestants, budget: item.budget, turnstile: turnstile,
        detailed: !noDetail && item.figure == "bars")
      return (meeting, try meeting.prepare(figure: item.figure, parameter: item.parameter))
    }
    for (meeting, prepared) in meetings {
      let cell = try meeting.hold(prepared)
      print("\n\(cell.title) on \(cell.storageTitle)\n\n\(Table(cell).text)")
      fflush(nil)
      try recorder.add(cell)
    }
    if let waterfall = waterfall ?? (full ? .django : isQuick ? .cli : nil) {
      turnstile.enter()
      try drawWaterfall(of: workshop.program(waterfall), workshop, into: recorder.folder)
      turnstile.leave()
    }
    try recorder.finish(plots: !noPlots, workshop: workshop)
  }

  /// A run that somebody named is kept with the sources; the others are kept with the caches.
  private var runs: String {
    (full || name != nil ? Setting.home : setting.cacheDirectory) + "/runs"
  }

  private var runName: String {
    name ?? (full ? "full" : !command.isEmpty ? "command" : isQuick ? "quick" : "run")
  }

  /// Whether nothing in particular was asked for.
  private var isQuick: Bool {
    !full && workloads.isEmpty && with.isEmpty && command.isEmpty && sweepModules == nil
      && sweepLatency == nil && waterfall == nil
  }

  /// One cell to be measured.
  private struct Item {
    let figure: String
    let program: Program
    let storage: Storage
    let contestants: [Contestant]
    let budget: Budget
    var parameter: Double?
  }

  private func plan(_ workshop: Workshop) throws -> [Item] {
    var items: [Item] = []
    let places =
      !storages.isEmpty
      ? storages
      : full
        ? [.localCold, .localWarm, .slow(latency: "1ms", timeouts: "nfs")]
        : [.localCold, .slow(latency: "1ms", timeouts: "nfs")]
    let chosen =
      !workloads.isEmpty
      ? workloads
      : full
        ? Workload.allCases.filter { $0 != .torch } : isQuick ? [.cli, .django] : []
    var programs = try (chosen + with).map { try workshop.program($0, tree: shape()) }
    if !command.isEmpty { programs.append(try Program.user(command, roots: roots)) }
    let budget = Budget(
      rounds: rounds ?? (full ? 15 : 7), seconds: seconds ?? 30,
      patience: patience ?? (full ? 60 : 8))
    for program in programs {
      for place in places {
        let able = (contestants.isEmpty ? Contestant.allCases : contestants)
          .filter { place != .localWarm || $0.mattersWarm }
        var budget = budget
        if place == .localWarm { budget.seconds /= 2 }
        items.append(
          Item(
            figure: "bars", program: program, storage: place, contestants: able, budget: budget))
      }
    }
    return items + (try sweeps(workshop))
  }

  private func sweeps(_ workshop: Workshop) throws -> [Item] {
    let few: [Contestant] = [.stock, .stockWarm, .ioUring, .threads, .readList]
    let budget = Budget(
      rounds: rounds ?? (full ? 7 : 3), seconds: seconds ?? (full ? 20 : 8), least: full ? 1 : 2)
    let modules = sweepModules ?? (full ? [100, 300, 1000, 3000, 10_000, 30_000] : [])
    let latencies = sweepLatency ?? (full ? [0, 0.1, 0.5, 1, 5, 20] : isQuick ? [0.1, 1, 5] : [])
    let places =
      storages.isEmpty
      ? [.localCold, .slow(latency: "1ms", timeouts: "nfs")] : storages.filter { $0 != .localWarm }
    var items: [Item] = []
    for count in modules {
      var tree = try shape()
      tree.modules = Int(count)
      let program = try workshop.program(.synthetic, tree: tree)
      // A stock start of 10,000 modules at 1 ms a request takes most of a minute.
      for place in places where place == .localCold || count < 10_000 {
        items.append(
          Item(
            figure: "modules", program: program, storage: place, contestants: few, budget: budget,
            parameter: count))
      }
    }
    for latency in latencies {
      let text = latency == 0 ? "0" : "\(fixed(latency, latency < 1 ? 1 : 0))ms"
      items.append(
        Item(
          figure: "latency", program: try workshop.program(sweepWorkload),
          storage: .slow(latency: text, timeouts: "nfs"), contestants: few, budget: budget,
          parameter: latency))
    }
    return items
  }

  private func shape() throws -> TreeShape {
    let parts = tree.split(separator: ",").compactMap { Int($0) }
    guard parts.count == 5, parts.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--tree takes five numbers: modules,depth,fan-out,bytes,entries")
    }
    return TreeShape(
      modules: parts[0], depth: parts[1], fanOut: parts[2], bytes: parts[3], entries: parts[4])
  }

  private func drawWaterfall(of program: Program, _ workshop: Workshop, into folder: String) throws
  {
    let storage = storages.first { $0.slowOptions != nil } ?? .slow(latency: "1ms", timeouts: "nfs")
    if let absence = storage.absence {
      note("no waterfall: \(absence)")
      return
    }
    note("waterfall of \(program.title)")
    let paddock = try setting.paddock(workshop)
    let stage = Stage(program: program, storage: storage, scratch: paddock.scratch)
    let falls = try [Contestant.stock, .ioUring].compactMap { contestant -> Waterfall? in
      let entrant = paddock.ready(contestant, for: program, list: "")
      guard case .success = entrant.launch else { return nil }
      return try Waterfall(entrant, stage)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try encoder.encode(falls).write(to: URL(fileURLWithPath: folder + "/waterfall.json"))
  }
}

private func numbers(_ text: String) throws -> [Double] {
  try text.split(separator: ",").map { part in
    guard let number = Double(part), number >= 0 else {
      throw ValidationError("\(part) is no number")
    }
    return number
  }
}

private func day() -> String {
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(identifier: "UTC")
  formatter.dateFormat = "yyyy-MM-dd"
  return formatter.string(from: Date())
}
