import Foundation

/// What is made once for a program and serves it on every storage.
final class Groundwork {
  let program: Program
  let paddock: Paddock
  private var entrants: [Contestant: Entrant] = [:]
  private var recordings: [[String]: Recording] = [:]
  private var knownList: String??
  private var knownModules: Int?

  /// Takes on a program; nothing is made before it is asked for.
  init(_ program: Program, _ paddock: Paddock) { (self.program, self.paddock) = (program, paddock) }

  /// A contestant, ready for the program.
  func entrant(_ contestant: Contestant) throws -> Entrant {
    if let known = entrants[contestant] { return known }
    progress("\(program.title): making ready \(contestant.title)")
    let entrant = paddock.ready(contestant, for: program, list: try list())
    entrants[contestant] = entrant
    return entrant
  }

  /// What a traced start of `launch` shows; `nil` where nothing can be traced.
  ///
  /// Contestants that start the program as stock does share stock's.
  func recording(_ launch: Launch, attempts: Int = 1) -> Recording? {
    let key = launch.argv + launch.environment.map { "\($0)=\($1)" }.sorted()
    if let known = recordings[key] { return known }
    progress("\(program.title): tracing system calls")
    recordings[key] = (0..<attempts)
      .compactMap { _ in Recording(launch, scratch: paddock.scratch) }
      .min { $0.importingCalls < $1.importingCalls }
    return recordings[key]
  }

  /// The file with the recorded list that rivals read, from a warm stock start.
  private func list() throws -> String? {
    if let knownList { return knownList }
    let list = "\(paddock.scratch)/list-\(program.id)-\(fingerprint(program.argv))"
    let launch = program.launch()
    try run(launch.argv, environment: launch.environment, directory: launch.directory)
    let recording = Recording(launch, scratch: paddock.scratch, only: "openat")
    try recording.map { ($0.files + [""]).joined(separator: "\n") }?
      .write(toFile: list, atomically: true, encoding: .utf8)
    knownList = .some(recording == nil ? nil : list)
    return recording == nil ? nil : list
  }

  /// How many modules a start loads.
  func modules() -> Int? {
    if let knownModules { return knownModules }
    let file = paddock.scratch + "/importtime"
    defer { unlink(file) }
    let launch = program.launch(["PYTHONPROFILEIMPORTTIME": "1"])
    guard
      let child = try? Child(
        launch.argv, environment: launch.environment, directory: launch.directory, errors: file),
      child.wait().code == 0, let data = FileManager.default.contents(atPath: file)
    else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    knownModules = max(0, lines.count { $0.hasPrefix("import time:") } - 1)
    return knownModules
  }
}
