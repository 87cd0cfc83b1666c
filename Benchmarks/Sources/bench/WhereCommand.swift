import ArgumentParser
import Foundation
import Measure

/// `bench where`: what the importing thread of each contestant's start ran and waited for.
struct WhereCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "where",
    abstract: "Show where the time of a start goes, from a trace of the scheduler (as root).")

  @OptionGroup var setting: Setting

  @Option(
    name: .customLong("workload"), help: "A program; repeat for several. Default: django, pandas.")
  var workloads: [Workload] = []

  @Option(help: "local-cold, local-warm, slow-1ms, …")
  var storage = Storage.localCold

  @Option(name: .customLong("contestant"), help: "A way to start; repeat for several.")
  var contestants: [Contestant] = []

  @Option(help: "Starts of each contestant.")
  var rounds = 7

  @Option(help: "The run's name, part of the archive's; without one nothing is kept.")
  var name: String?

  /// What is kept of a program.
  struct Part: Codable {
    let program: String
    let storage: String
    let rows: [Row]

    /// The means over each contestant's starts.
    var table: Table {
      Table(
        means: rows.compactMap { row in
          ThreadTime(meanOf: row.starts).map { (row.title, row.starts.count, $0) }
        })
    }
  }

  /// A contestant with every start.
  struct Row: Codable {
    let title: String
    let starts: [ThreadTime]
  }

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds must be more than 0") }
  }

  mutating func run() throws {
    let workshop = try setting.workshop()
    Namespace.enter()
    if let absence = storage.absence { throw Failure(absence) }
    Interruption.listen()
    let paddock = try setting.paddock(workshop)
    var parts: [Part] = []
    for workload in workloads.isEmpty ? [.django, .pandas] : workloads {
      let ground = Groundwork(try workshop.program(workload), paddock)
      let part = try measure(ground)
      print("\n\(part.program) on \(part.storage)\n\n\(part.table.text)")
      fflush(nil)
      parts.append(part)
    }
    if let name { try keep(parts, name, workshop) }
  }

  /// Traces every contestant's starts, interleaved at random.
  private func measure(_ ground: Groundwork) throws -> Part {
    let wanted: [Contestant] =
      contestants.isEmpty
      ? [.stock, .stockWarm, .ioUring, .ioUringLearned, .launcher, .readList] : contestants
    let entrants = try wanted.map(ground.entrant).filter { entrant in
      guard case .failure(let failure) = entrant.launch else { return true }
      note("\(entrant.contestant.title) is left out: \(failure)")
      return false
    }
    let stage = Stage(program: ground.program, storage: storage, scratch: ground.paddock.scratch)
    var times = [[ThreadTime]](repeating: [], count: entrants.count)
    if storage.slowOptions != nil {
      try load(outermost(ground.program.roots + entrants.flatMap(\.roots)))
    }
    for entrant in entrants { _ = try stage.perform(entrant, round: -1) }
    for round in 0..<rounds where !Interruption.isAsked {
      for index in entrants.indices.shuffled() {
        let entrant = entrants[index]
        progress("\(ground.program.title): \(round + 1)/\(rounds) \(entrant.contestant.title)")
        let (start, _) = try undisturbed {
          let trace = try SchedulerTrace()
          let outcome = Result { try stage.perform(entrant, round: round) }
          let time = try trace.time(of: try? outcome.get())
          return (sample: try outcome.get().sample, time: time)
        } sample: {
          $0.sample
        }
        if let time = start.time { times[index].append(time) }
      }
    }
    progress(nil)
    if let silent = times.firstIndex(where: \.isEmpty) {
      throw Failure("no trace of \(entrants[silent].contestant.title)")
    }
    return Part(
      program: ground.program.title, storage: storage.title,
      rows: zip(entrants, times).map { Row(title: $0.contestant.title, starts: $1) })
  }

  private func keep(_ parts: [Part], _ name: String, _ workshop: Workshop) throws {
    let folder = "\(Setting.home)/runs/\(day())-\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try archived(parts).write(to: URL(fileURLWithPath: folder + "/where.json"))
    let facts = machineFacts(python: workshop.python, directory: setting.cacheDirectory)
    let text = """
      # \(name), \(day()): where the importing thread's time goes

      \(listed(facts))

      Means over the starts, traced by the kernel, which costs them some time.
      \(parts.map { "\n## \($0.program) on \($0.storage)\n\n\($0.table.markdown)\n" }.joined())
      """
    try text.write(toFile: folder + "/report.md", atomically: true, encoding: .utf8)
    print("\nThe archive: \(folder)")
  }
}

/// Today's date in archives' names: `2025-12-31`.
func day() -> String {
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(identifier: "UTC")
  formatter.dateFormat = "yyyy-MM-dd"
  return formatter.string(from: Date())
}
