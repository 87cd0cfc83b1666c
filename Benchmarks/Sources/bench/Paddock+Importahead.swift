import Foundation

/// Importahead's own ways to start a program.
extension Paddock {
  /// Readies one of them, with what it learns or packs beforehand.
  func importahead(_ contestant: Contestant, _ program: Program) throws -> Entrant {
    guard let product, access(product + "/importahead/__init__.py", R_OK) == 0 else {
      throw Failure("not built (make build)")
    }
    var launch = program.launch(
      path: contestant.hasLauncher ? [] : [product],
      [
        "IMPORTAHEAD": "1", "IMPORTAHEAD_BACKEND": contestant.backend ?? "",
        "IMPORTAHEAD_PROFILE": "off",
        "IMPORTAHEAD_REST": contestant == .restless ? "off" : "on",
      ])
    let tool = (product as NSString).deletingLastPathComponent + "/bin/importahead"
    if contestant.hasLauncher || contestant.hasBundle {
      guard access(tool, X_OK) == 0 else { throw Failure("dist/bin/importahead is not built") }
    }
    let command = launch.argv
    if contestant.hasLauncher { launch.argv = [tool, "run"] + launch.argv }
    let roots = [product] + program.roots
    var entrant = Entrant(contestant: contestant, launch: .success(launch), roots: [product])
    // The launcher is where the interpreter's binary is.
    if contestant.hasLauncher { entrant.local = [(tool as NSString).deletingLastPathComponent] }
    if contestant.hasBundle {
      let file = try pack(command, launch, profile: try learn(launch, roots), tool: tool)
      launch.environment["IMPORTAHEAD_BUNDLE"] = file
      entrant.local.append((file as NSString).deletingLastPathComponent)
    }
    if contestant.isLearned { entrant.profile = try learn(launch, roots) }
    entrant.launch = .success(launch)
    return entrant
  }

  /// Packs what a profile of `command` names; returns the bundle, alone in a directory.
  private func pack(
    _ command: [String], _ launch: Launch, profile: String, tool: String
  ) throws -> String {
    let folder = "\(scratch)/bundle-\(fingerprint(launch.argv))"
    try emptied(folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: profile)
    guard let name = names.first(where: { $0.hasSuffix(".profile") }) else {
      throw Failure("its first start left no profile")
    }
    let file = folder + "/program.bundle"
    try run(
      [tool, "bundle", "-o", file, "--python", command[0], "--profile", "\(profile)/\(name)"]
        + ["--"] + command.dropFirst(),
      environment: launch.environment, directory: launch.directory)
    return file
  }

  /// Records a profile in a first start from the local disk, cold as first starts are.
  private func learn(_ launch: Launch, _ roots: [String]) throws -> String {
    let words =
      launch.argv
      + ["IMPORTAHEAD_BACKEND", "IMPORTAHEAD_BUNDLE"].map {
        launch.environment[$0] ?? ""
      }
    let profile = "\(scratch)/profile-\(fingerprint(words))"
    try emptied(profile)
    evict(roots)
    try run(
      launch.argv,
      environment: launch.environment.merging(["IMPORTAHEAD_PROFILE": profile]) { $1 },
      directory: launch.directory)
    let files = try FileManager.default.contentsOfDirectory(atPath: profile)
    guard files.contains(where: { $0.hasSuffix(".profile") }) else {
      throw Failure("its first start left no profile")
    }
    return profile
  }
}
