import Foundation
import Measure

/// How often and how long a cell is measured.
struct Budget {
  /// The most rounds of one contestant.
  var rounds: Int
  /// Seconds for the whole cell, what has to be made ready included.
  var seconds: Double
  /// Seconds after which a contestant's start is stopped, if `starts` of stock's are not more.
  var patience = 60
  /// How many times as long as stock a contestant may take.
  var starts = 8.0

  /// Seconds after which a start is stopped where stock takes `stock`: never soon enough for stock
  /// itself to be stopped, and hardly so late that one start takes a quarter of the time.
  func patience(beside stock: Double) -> Int {
    let wanted = max(Double(patience), starts * stock)
    return Int(min(wanted, max(2 * stock + 5, seconds / 4)).rounded(.up))
  }
}

/// Measures one cell: all contestants, interleaved at random, on one program and storage.
struct Meeting {
  let ground: Groundwork
  let storage: Storage
  let contestants: [Contestant]
  let budget: Budget
  let turnstile: Turnstile
  /// Whether to trace system calls and collect importahead's statistics too.
  let detailed: Bool
  /// Traced starts of a contestant; the one with the fewest calls counts.
  ///
  /// On a busy machine a start asks for itself what would else have been read ahead.
  var traces = 1

  private var program: Program { ground.program }

  /// One start that was not part of the race, and what it cost.
  private struct WarmUp {
    let cost: Double
    let sample: Sample
  }

  /// Makes everything ready, starts each contestant once, then races them.
  func hold(figure: String, parameter: Double? = nil) throws -> Cell {
    let began = monotonicNow()
    var cell = Cell(
      figure: figure, workload: program.id, title: program.title, storage: storage.id,
      storageTitle: storage.title, parameter: parameter)
    if let absence = storage.absence {
      cell.series = contestants.map {
        Series(contestant: $0.rawValue, title: $0.title, absent: absence)
      }
      return cell
    }
    cell.modules = ground.modules()
    var entrants = try contestants.map(ground.entrant)
    var stage = Stage(program: program, storage: storage, scratch: ground.paddock.scratch)
    // What lies behind a slow mount is in memory: its latency is what was asked for.
    if storage.slowOptions != nil {
      try load(outermost(program.roots + entrants.flatMap(\.roots)))
    }
    let warmUps = warmUp(&entrants, &stage)
    cell.series = entrants.map { entrant in
      var series = Series(contestant: entrant.contestant.rawValue, title: entrant.contestant.title)
      if case .failure(let failure) = entrant.launch { series.absent = failure.description }
      return series
    }
    if detailed { detail(entrants, stage, &cell) }
    let left = budget.seconds - Double(monotonicNow() - began) / 1e9
    let rounds = allot(warmUps.map { $0?.cost }, seconds: left)
    for index in entrants.indices where rounds[index] == 0 {
      if let sample = warmUps[index]?.sample { cell.series[index].samples = [sample] }
    }
    race(entrants, rounds, stage, &cell, seconds: left)
    return cell
  }

  /// One start each; a contestant that fails becomes absent.
  private func warmUp(_ entrants: inout [Entrant], _ stage: inout Stage) -> [WarmUp?] {
    // Stock is waited for: it is what all the others are compared with.
    stage.patience = 300
    return entrants.indices.map { index in
      guard case .success = entrants[index].launch, !Interruption.isAsked else { return nil }
      let contestant = entrants[index].contestant
      progress("\(program.title) on \(storage.id): warm-up, \(contestant.title)")
      let start = monotonicNow()
      do {
        let sample = try stage.perform(entrants[index], round: -1).sample
        if contestant == .stock {
          stage.patience = budget.patience(beside: sample.seconds)
        }
        return WarmUp(cost: Double(monotonicNow() - start) / 1e9, sample: sample)
      } catch {
        entrants[index] = Entrant(
          contestant: contestant,
          launch: .failure(error as? Failure ?? Failure("\(error)")))
        return nil
      }
    }
  }

  /// Rounds for each contestant such that all fit into `seconds`: as many for one as for another.
  ///
  /// One that takes much of the time alone gets fewer, or none: then its warm-up has to do. Every
  /// other gets one, whatever the time.
  func allot(_ estimates: [Double?], seconds: Double) -> [Int] {
    let caps = estimates.map { estimate -> Int in
      guard let estimate else { return 0 }
      let share = estimate / max(seconds, 1)
      return share > 0.4 ? 0 : share > 0.15 ? min(2, budget.rounds) : budget.rounds
    }
    // Stock is what all are compared with: a cell without it says nothing.
    var rounds = zip(caps, contestants).map { cap, who in
      cap == 0 && who != .stock && who != .stockWarm ? 0 : 1
    }
    for index in rounds.indices where estimates[index] == nil { rounds[index] = 0 }
    var left = seconds - zip(rounds, estimates).map { Double($0) * ($1 ?? 0) }.reduce(0, +)
    while true {
      let next = rounds.indices.filter { rounds[$0] < caps[$0] }
        .min { (rounds[$0], estimates[$0] ?? 0) < (rounds[$1], estimates[$1] ?? 0) }
      guard let next, let cost = estimates[next], cost <= left else { return rounds }
      rounds[next] += 1
      left -= cost
    }
  }

  private func race(
    _ entrants: [Entrant], _ rounds: [Int], _ stage: Stage, _ cell: inout Cell, seconds: Double
  ) {
    let starts = entrants.indices.flatMap { index in
      // A contestant of fewer rounds is spread over the whole run, not put at its beginning.
      (0..<rounds[index]).map { round in
        (index, round, (Double(round) + Double.random(in: 0..<1)) / Double(rounds[index]))
      }
    }
    .sorted { $0.2 < $1.2 }
    turnstile.enter()
    defer { turnstile.leave() }
    let began = monotonicNow()
    for (done, (index, round, _)) in starts.enumerated() {
      let title = entrants[index].contestant.title
      progress("\(program.title) on \(storage.id): \(done + 1)/\(starts.count) \(title)")
      // Starts that take longer than their warm-up did may not take the next cell's time.
      let late = Double(monotonicNow() - began) / 1e9 > max(1.2 * seconds, 5)
      if Interruption.isAsked || (late && done >= entrants.count) { break }
      turnstile.enter()
      do {
        let (sample, repeats) = try undisturbed {
          try stage.perform(entrants[index], round: round).sample
        } sample: {
          $0
        }
        cell.series[index].samples.append(sample)
        cell.repeats = (cell.repeats ?? 0) + repeats
      } catch {
        note("\(title), round \(round): \(error)")
      }
    }
    progress(nil)
  }

  /// Starts that are counted and not timed.
  private func detail(_ entrants: [Entrant], _ stage: Stage, _ cell: inout Cell) {
    for (index, entrant) in entrants.enumerated() {
      guard !Interruption.isAsked, entrant.images.isEmpty,
        let launch = try? stage.launch(entrant)
      else { continue }
      // System calls do not depend on the storage.
      if let recording = ground.recording(launch, attempts: traces) {
        cell.series[index].importingCalls = recording.importingCalls
        cell.series[index].allCalls = recording.allCalls
      }
      guard entrant.contestant.backend != nil else { continue }
      let file = stage.scratch + "/statistics.json"
      unlink(file)
      _ = try? stage.perform(entrant, round: -1, variables: ["IMPORTAHEAD_STATS": file])
      cell.series[index].statistics = FileManager.default.contents(atPath: file)
        .flatMap { try? JSONDecoder().decode([String: Scalar].self, from: $0) }
    }
  }
}
