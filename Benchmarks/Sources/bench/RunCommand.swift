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

  @Option(help: "Seconds for one program on one storage; 60 without a budget.")
  var seconds: Double?

  @Option(help: "Minutes for the whole run: rounds are reduced evenly until it fits.")
  var budget: Double?

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

  @Option(help: "Seconds after which one start is stopped, if some of stock's are not more.")
  var patience: Int?

  @Flag(name: .customLong("no-detail"), help: "Skip the traced runs that count system calls.")
  var noDetail = false

  @Flag(name: .customLong("no-plots"), help: "Do not draw pictures.")
  var noPlots = false

  @Argument(parsing: .postTerminator, help: "A command of your own.")
  var command: [String] = []

  func validate() throws {
    for (name, value) in [
      ("rounds", rounds.map(Double.init)), ("seconds", seconds), ("budget", budget),
      ("patience", patience.map(Double.init)),
    ] {
      if let value, value <= 0 { throw ValidationError("--\(name) must be more than 0") }
    }
  }

  mutating func run() throws {
    let workshop = try setting.workshop()
    let plan = try plan()
    // Before anything is made: a command that is not there is no reason to make a folder.
    if !command.isEmpty { _ = try Program.user(command, roots: roots) }
    Namespace.enter()
    Interruption.listen()
    var recorder = try Recorder(
      folder: absolute(output ?? runs + "/\(day())-\(runName)"), name: runName,
      python: workshop.python, cache: setting.cacheDirectory)
    // Drawing takes a while too, and more where matplotlib has to be installed first.
    if !noPlots, budget != nil { _ = try? workshop.plotter() }
    let drawing = noPlots ? 0.0 : isQuick ? 10 : 25
    let schedule = Schedule(
      seconds: budget.map { $0 * 60 - drawing }, weights: plan.items.map(\.weight))
    try measure(plan, schedule, workshop, &recorder)
    recorder.settle(budget: budget, plan: plan)
    try recorder.finish(plots: !noPlots, workshop: workshop)
  }

  /// Measures item after item, and archives each as soon as it is known.
  private func measure(
    _ plan: Plan, _ schedule: Schedule, _ workshop: Workshop, _ recorder: inout Recorder
  ) throws {
    let paddock = try setting.paddock(workshop)
    let turnstile = Turnstile(setting.lock, seconds: setting.lockSeconds)
    var grounds: [Plan.Subject: Result<Groundwork, Failure>] = [:]
    let first = schedule.elapsed
    for (index, item) in plan.items.enumerated() where !Interruption.isAsked {
      let share = schedule.share(of: index)
      if let share, share < 1 { continue }
      let ground =
        grounds[item.subject]
        ?? Result { Groundwork(try program(item.subject, workshop), paddock) }
        .mapError { $0 as? Failure ?? Failure("\($0)") }
      grounds[item.subject] = ground
      switch ground {
      case .failure(let failure):
        if case .command = item.subject { throw failure }
        note("\(item.subject.title) is left out: \(failure)")
        recorder.miss("\(item.subject.title) on \(item.storage.id): \(failure)")
      case .success(let ground):
        let status = schedule.status(before: index, since: first)
        note("\(status) \(ground.program.title) on \(item.storage.id)")
        let meeting = Meeting(
          ground: ground, storage: item.storage, contestants: item.contestants,
          budget: Budget(
            rounds: item.rounds, seconds: seconds ?? share ?? 60,
            patience: patience ?? (full ? 40 : 6), starts: full ? 8 : 4),
          turnstile: turnstile, detailed: !noDetail && item.figure == "bars")
        let cell = try meeting.hold(figure: item.figure, parameter: item.parameter)
        if !cell.series.contains(where: { !$0.samples.isEmpty }), Interruption.isAsked { break }
        print("\n\(cell.title) on \(cell.storageTitle)\n\n\(Table(cell).text)\n")
        fflush(nil)
        try recorder.add(cell)
        if let waterfall = plan.waterfall, waterfall.after == index {
          try drawWaterfall(of: program(waterfall.subject, workshop), paddock, recorder.folder)
        }
      }
    }
  }

  private func program(_ subject: Plan.Subject, _ workshop: Workshop) throws -> Program {
    switch subject {
    case .workload(let workload, let tree): try workshop.program(workload, tree: tree)
    case .command(let words, let roots): try Program.user(words, roots: roots)
    }
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

  private func plan() throws -> Plan {
    let shape = try shape()
    let slow = Storage.slow(latency: "1ms", timeouts: "nfs")
    var plan =
      full
      ? Plan.full(contestants, shape: shape, rounds: rounds)
      : isQuick ? Plan.quick(contestants, shape: shape, rounds: rounds) : Plan()
    if (full || isQuick) && !storages.isEmpty {
      plan.items.removeAll { !storages.contains($0.storage) && $0.figure == "bars" }
    }
    let places = storages.isEmpty ? [slow, .localCold] : storages
    var subjects = ((full ? [] : workloads) + with).map { Plan.Subject.workload($0, shape) }
    if !command.isEmpty { subjects.append(.command(command, roots: roots)) }
    plan.add(subjects, on: places, contestants, rounds: rounds ?? 7)
    let few = contestants.isEmpty ? Plan.swept : contestants
    if let sweepLatency {
      plan.sweep(
        latencies: sweepLatency, of: sweepWorkload, shape: shape, few, rounds: rounds ?? 3)
    }
    if let sweepModules {
      plan.sweep(
        modules: sweepModules, shape: shape, on: places.filter { $0 != .localWarm }, few,
        rounds: rounds ?? 3)
    }
    if let waterfall {
      plan.waterfall = (.workload(waterfall, shape), plan.items.count - 1)
    } else if !command.isEmpty {
      plan.waterfall = (.command(command, roots: roots), plan.items.count - 1)
    }
    return plan
  }

  private func shape() throws -> TreeShape {
    let parts = tree.split(separator: ",").compactMap { Int($0) }
    guard parts.count == 5, parts.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--tree takes five numbers: modules,depth,fan-out,bytes,entries")
    }
    return TreeShape(
      modules: parts[0], depth: parts[1], fanOut: parts[2], bytes: parts[3], entries: parts[4])
  }

  private func drawWaterfall(of program: Program, _ paddock: Paddock, _ folder: String) throws {
    let storage = storages.first { $0.slowOptions != nil } ?? .slow(latency: "1ms", timeouts: "nfs")
    if let absence = storage.absence { return note("no waterfall: \(absence)") }
    progress("\(program.title): a start for the waterfall")
    let stage = Stage(program: program, storage: storage, scratch: paddock.scratch)
    let falls = [Contestant.stock, .ioUring, .ioUringLearned].compactMap { contestant in
      try? Waterfall(paddock.ready(contestant, for: program, list: nil), stage)
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
