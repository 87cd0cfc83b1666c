import Foundation
import Measure

/// Sets the storage up for one start, and takes it down again.
struct Stage {
  let program: Program
  let storage: Storage
  let scratch: String
  /// Seconds after which a process is stopped.
  var patience = 300

  /// One start with everything that was counted.
  struct Outcome {
    var sample: Sample
    var pid: pid_t
    var began: UInt64
    var trace: [Substring] = []
  }

  /// Starts the program as `entrant` does, on this storage, and measures.
  ///
  /// `watch` is called with the program's process id while it runs.
  func perform(
    _ entrant: Entrant, round: Int, traced: Bool = false, variables: [String: String] = [:],
    watch: (pid_t) -> Void = { _ in }
  ) throws -> Outcome {
    let launch = try launch(entrant, variables)
    let warm = entrant.contestant == .stockWarm
    let own = [home] + entrant.local
    let covered = Set(entrant.images.map(\.directory))
    let roots = outermost(program.roots.filter { !covered.contains($0) } + entrant.roots)
    var mounts: [SlowMount] = []
    if !warm, let options = storage.slowOptions {
      mounts = try roots.map {
        try SlowMount($0, options: options, scratch: scratch, traced: traced)
      }
    }
    for (image, directory) in entrant.images {
      try run(["mount", "-o", "loop,ro", image, directory])
    }
    if !warm, storage == .localCold { evict(roots + entrant.images.map(\.directory) + own) }
    // A profile is in the user's cache directory, on the local disk; not read lately, so not in memory.
    if !warm, storage.slowOptions != nil { own.forEach { evictFiles(under: $0) } }
    if warm || storage == .localWarm {
      _ = try start(launch, round: round) { _ in }
      try furnish(entrant)
    }
    backFreeMemory(program.memory)
    let before = Refaults.now
    let result = Result { try start(launch, round: round, watch: watch) }
    let after = Refaults.now
    for (_, directory) in entrant.images.reversed() { _ = try? run(["umount", directory]) }
    let finished = try mounts.map { try $0.finish() }
    var outcome = try result.get()
    if let before, let after {
      outcome.sample.refaults = after.since(before, slow: !mounts.isEmpty)
    }
    if !finished.isEmpty {
      outcome.sample.requests = sum(finished.map(\.requests.total))
      let own = String(outcome.pid)
      // Behind a loop device a kernel thread asks, and who waited for it is not known.
      outcome.sample.importing =
        entrant.images.isEmpty
        ? sum(finished.map { $0.requests.by_thread[own] ?? [:] }) : nil
      outcome.trace = finished.flatMap(\.trace)
    }
    return outcome
  }

  /// The launch of one start, with a cache directory of its own that holds the recorded profile.
  func launch(_ entrant: Entrant, _ variables: [String: String] = [:]) throws -> Launch {
    var launch = try entrant.launch.get()
    try emptied(home)
    if try furnish(entrant) { launch.environment["IMPORTAHEAD_PROFILE"] = profile }
    // A program of the user's may keep more there than we may take from it.
    if !program.inheritsEnvironment { launch.environment["XDG_CACHE_HOME"] = home }
    launch.environment.merge(variables) { $1 }
    return launch
  }

  /// Puts what `entrant` begins with where its profile is kept; whether it keeps one.
  @discardableResult
  private func furnish(_ entrant: Entrant) throws -> Bool {
    guard entrant.profile != nil || entrant.contestant == .recording else { return false }
    try emptied(profile)
    if let recorded = entrant.profile { try run(["cp", "-a", recorded + "/.", profile]) }
    return true
  }

  /// The cache directory of the start at hand.
  private var home: String { scratch + "/home" }

  /// Where a program keeps its profile.
  private var profile: String { home + "/profile" }

  /// Runs what comes before, then the program, then waits for what runs beside it.
  private func start(_ launch: Launch, round: Int, watch: (pid_t) -> Void) throws -> Outcome {
    let began = launch.before == nil ? nil : monotonicNow()
    let before = try launch.before.map { try begin($0, launch).wait() }
    let beside = try launch.beside.map { try begin($0, launch) }
    let program = try begin(launch.argv, launch, directory: launch.directory)
    watch(program.pid)
    let cost = try program.wait()
    let all = [cost, before, try beside?.wait()].compactMap { $0 }
    let seconds = Double(cost.ended - (before?.began ?? cost.began)) / 1e9
    guard !all.contains(where: { $0.code == 128 + Int(SIGKILL) }) else {
      throw Failure("stopped after \(Int(seconds)) s")
    }
    guard cost.code == 0 else {
      let text = (try? String(contentsOfFile: scratch + "/stderr", encoding: .utf8)) ?? ""
      throw Failure("exit \(cost.code): \(text.split(separator: "\n").last ?? "no message")")
    }
    return Outcome(
      sample: Sample(
        round: round, seconds: seconds, user: all.map(\.user).reduce(0, +),
        system: all.map(\.system).reduce(0, +),
        peakKilobytes: all.map(\.peakKilobytes).max() ?? 0),
      pid: program.pid, began: began ?? cost.began)
  }

  private func begin(_ argv: [String], _ launch: Launch, directory: String? = nil) throws -> Start {
    try Start(
      argv, environment: launch.environment, directory: directory, patience: patience,
      errors: scratch + "/stderr", scratch: scratch)
  }
}

/// Has a virtual machine's host stand behind the memory that a start will be given.
///
/// A guest reports free pages to its host (free page reporting, Linux 5.7), which takes them back: what
/// `drop_caches` frees costs a fault in the hypervisor, page by page, when it is used next. Without this a
/// cold start pays for that and a warm one, which gets what its forerunner freed, does not.
private func backFreeMemory(_ wanted: Int) {
  // Where memory is short, free pages are no host's.
  let size = min(wanted, Int(sysconf(Int32(_SC_AVPHYS_PAGES))) * sysconf(Int32(_SC_PAGESIZE)) / 2)
  guard size > 0,
    let bytes = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    bytes != MAP_FAILED
  else { return }
  for offset in stride(from: 0, to: size, by: 4096) {
    bytes.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
  }
  munmap(bytes, size)
}

private func sum(_ counts: [[String: Int]]) -> [String: Int] {
  counts.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
}
