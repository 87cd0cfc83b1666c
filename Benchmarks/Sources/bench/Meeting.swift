import Foundation
import Measure

/// How often and how long a cell is measured.
struct Budget {
  /// The most rounds of one contestant.
  var rounds: Int
  /// Seconds for the whole cell; slow contestants get fewer rounds, never below `least`.
  var seconds: Double
  /// The fewest rounds of one contestant.
  var least = 3
  /// Seconds after which a contestant's start is stopped, or eight of stock's if those are more.
  var patience = 60
}

/// Measures one cell: all contestants, interleaved at random, on one program and storage.
struct Meeting {
  let program: Program
  let storage: Storage
  let paddock: Paddock
  let contestants: [Contestant]
  let budget: Budget
  let turnstile: Turnstile
  /// Whether to trace system calls and collect importahead's statistics too.
  let detailed: Bool

  /// A cell whose contestants are ready and whose rounds are shared out.
  struct Prepared {
    var cell: Cell
    let stage: Stage
    let entrants: [Entrant]
    let rounds: [Int]
  }

  /// Makes everything ready and starts each contestant once; nothing of this is timed.
  func prepare(figure: String, parameter: Double? = nil) throws -> Prepared {
    var cell = Cell(
      figure: figure, workload: program.id, title: program.title, storage: storage.id,
      storageTitle: storage.title, parameter: parameter)
    var stage = Stage(program: program, storage: storage, scratch: paddock.scratch)
    if let absence = storage.absence {
      cell.series = contestants.map {
        Series(contestant: $0.rawValue, title: $0.title, absent: absence)
      }
      return Prepared(cell: cell, stage: stage, entrants: [], rounds: [])
    }
    let list = try record()
    cell.modules = countModules()
    var entrants = contestants.map { paddock.ready($0, for: program, list: list) }
    try loadSource(entrants)
    let warmUps = warmUp(&entrants, &stage)
    let rounds = allot(warmUps.map { $0?.cost })
    cell.series = entrants.map { entrant in
      var series = Series(contestant: entrant.contestant.rawValue, title: entrant.contestant.title)
      if case .failure(let failure) = entrant.launch { series.absent = failure.description }
      return series
    }
    for index in entrants.indices where rounds[index] == 0 {
      if let sample = warmUps[index]?.sample { cell.series[index].samples = [sample] }
    }
    if detailed { detail(entrants, stage, &cell) }
    return Prepared(cell: cell, stage: stage, entrants: entrants, rounds: rounds)
  }

  /// Measures and returns the cell.
  func hold(_ prepared: Prepared) throws -> Cell {
    var cell = prepared.cell
    guard !prepared.entrants.isEmpty else { return cell }
    turnstile.enter()
    try loadSource(prepared.entrants)
    race(prepared.entrants, rounds: prepared.rounds, prepared.stage, &cell)
    return cell
  }

  /// What lies behind a slow mount is in memory: its latency is what was asked for.
  private func loadSource(_ entrants: [Entrant]) throws {
    guard storage.slowOptions != nil else { return }
    try load(outermost(program.roots + entrants.flatMap(\.roots)))
  }

  /// Writes the recorded list that rivals read, from a warm stock start.
  private func record() throws -> String {
    let list = "\(paddock.scratch)/list-\(program.id)-\(fingerprint(program.argv))"
    let launch = program.launch()
    try run(launch.argv, environment: launch.environment, directory: launch.directory)
    let recording = Recording(launch, scratch: paddock.scratch)
    let files = recording?.files ?? []
    try (files.joined(separator: "\n") + "\n").write(
      toFile: list, atomically: true, encoding: .utf8)
    return list
  }

  private func countModules() -> Int? {
    let file = paddock.scratch + "/importtime"
    defer { unlink(file) }
    let launch = program.launch(["PYTHONPROFILEIMPORTTIME": "1"])
    guard
      let child = try? Child(
        launch.argv, environment: launch.environment, directory: launch.directory, errors: file),
      child.wait().code == 0, let data = FileManager.default.contents(atPath: file)
    else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    return max(0, lines.count { $0.hasPrefix("import time:") } - 1)
  }

  /// One start each; a contestant that fails becomes absent.
  ///
  /// Returns what a
  /// round costs, and the start itself.
  private func warmUp(_ entrants: inout [Entrant], _ stage: inout Stage) -> [(
    cost: Double, sample: Sample
  )?] {
    entrants.indices.map { index in
      guard case .success = entrants[index].launch else { return nil }
      progress("warm-up: \(entrants[index].contestant.title)")
      let start = monotonicNow()
      do {
        let sample = try stage.perform(entrants[index], round: -1).sample
        if entrants[index].contestant == .stock {
          stage.patience = max(budget.patience, Int(8 * sample.seconds))
        }
        return (Double(monotonicNow() - start) / 1e9, sample)
      } catch {
        entrants[index] = Entrant(
          contestant: entrants[index].contestant,
          launch: .failure(error as? Failure ?? Failure("\(error)")))
        return nil
      }
    }
  }

  /// Rounds per contestant such that all fit the budget; the cheap get theirs first.
  ///
  /// No rounds at all means that the warm-up has to do.
  func allot(_ estimates: [Double?]) -> [Int] {
    var rounds = estimates.map { $0.map(leastRounds) ?? 0 }
    func cost() -> Double { zip(rounds, estimates).map { Double($0) * ($1 ?? 0) }.reduce(0, +) }
    while true {
      let next = rounds.indices
        .filter { rounds[$0] >= budget.least && rounds[$0] < budget.rounds }
        .min {
          Double(rounds[$0]) * (estimates[$0] ?? 0) < Double(rounds[$1]) * (estimates[$1] ?? 0)
        }
      guard let next, cost() + (estimates[next] ?? 0) <= budget.seconds else { return rounds }
      rounds[next] += 1
    }
  }

  /// One that takes most of the budget alone is started once more, not as often as the others.
  private func leastRounds(_ estimate: Double) -> Int {
    estimate > budget.seconds / 2 ? 0 : estimate > budget.seconds / 6 ? 2 : budget.least
  }

  private func race(_ entrants: [Entrant], rounds: [Int], _ stage: Stage, _ cell: inout Cell) {
    let starts = entrants.indices.flatMap { index in
      // A contestant of fewer rounds is spread over the whole run, not put at its beginning.
      (0..<rounds[index]).map { round in
        (index, round, (Double(round) + Double.random(in: 0..<1)) / Double(rounds[index]))
      }
    }
    .sorted { $0.2 < $1.2 }
    for (done, (index, round, _)) in starts.enumerated() {
      let title = entrants[index].contestant.title
      progress("\(done + 1)/\(starts.count) \(title)")
      turnstile.enter()
      do {
        let outcome = try stage.perform(entrants[index], round: round)
        cell.series[index].samples.append(outcome.sample)
      } catch {
        note("\(title), round \(round): \(error)")
      }
    }
    progress(nil)
  }

  /// Starts that are counted and not timed.
  private func detail(_ entrants: [Entrant], _ stage: Stage, _ cell: inout Cell) {
    for (index, entrant) in entrants.enumerated() {
      guard case .success(let launch) = entrant.launch, entrant.images.isEmpty else { continue }
      // System calls do not depend on the storage; what waits for a slow one is counted by itself.
      if storage.slowOptions == nil, let recording = Recording(launch, scratch: paddock.scratch) {
        cell.series[index].importingCalls = recording.importingCalls
        cell.series[index].allCalls = recording.allCalls
      }
      guard entrant.contestant == .ioUring || entrant.contestant == .threads else { continue }
      let file = paddock.scratch + "/statistics.json"
      unlink(file)
      _ = try? stage.perform(entrant, round: -1, variables: ["IMPORTAHEAD_STATS": file])
      cell.series[index].statistics = FileManager.default.contents(atPath: file)
        .flatMap { try? JSONDecoder().decode([String: Scalar].self, from: $0) }
    }
  }

  private func progress(_ text: String?) {
    guard isatty(2) != 0 else { return }
    let line = text.map { "\(program.title) on \(storage.id): \($0)".prefix(110) } ?? ""
    FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
  }
}
