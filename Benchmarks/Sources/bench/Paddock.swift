import Foundation

/// Makes contestants ready; what one leaves on disk is kept for the next run.
struct Paddock {
  let product: String?
  let scratch: String
  let python: String

  private static let listless = Failure("no recorded list: strace is missing or may not trace")

  /// Readies `contestant` for `program`; a tool that is missing or fails becomes an absence.
  func ready(_ contestant: Contestant, for program: Program, list: String?) -> Entrant {
    do {
      switch contestant {
      case .stock, .stockWarm:
        return Entrant(contestant: contestant, launch: .success(program.launch()))
      case .ioUring, .threads, .restless, .recording, .ioUringLearned, .threadsLearned, .launcher,
        .bundle:
        return try importahead(contestant, program)
      case .readList:
        guard let list else { throw Paddock.listless }
        var launch = program.launch()
        launch.beside = [sibling("readlist"), "8", list]
        return Entrant(contestant: contestant, launch: .success(launch))
      case .cat:
        guard let list else { throw Paddock.listless }
        var launch = program.launch()
        launch.before = ["sh", "-c", #"xargs -d '\n' cat < "$0" > /dev/null"#, list]
        return Entrant(contestant: contestant, launch: .success(launch))
      case .vmtouch: return try vmtouch(program)
      case .pycds: return try pycds(program)
      case .zipapp: return try zipapp(program, list: list)
      case .squashfs: return try squashfs(program)
      }
    } catch {
      let failure = error as? Failure ?? Failure("\(error)")
      return Entrant(contestant: contestant, launch: .failure(failure))
    }
  }

  private func importahead(_ contestant: Contestant, _ program: Program) throws -> Entrant {
    guard let product, access(product + "/importahead/__init__.py", R_OK) == 0 else {
      throw Failure("not built (make build)")
    }
    var launch = program.launch(
      path: contestant == .launcher ? [] : [product],
      [
        "IMPORTAHEAD": "1", "IMPORTAHEAD_BACKEND": contestant.backend ?? "",
        "IMPORTAHEAD_PROFILE": "off",
        "IMPORTAHEAD_REST": contestant == .restless ? "off" : "on",
      ])
    let tool = (product as NSString).deletingLastPathComponent + "/bin/importahead"
    if contestant == .launcher || contestant == .bundle {
      guard access(tool, X_OK) == 0 else { throw Failure("dist/bin/importahead is not built") }
    }
    if contestant == .launcher { launch.argv = [tool, "run"] + launch.argv }
    var entrant = Entrant(contestant: contestant, launch: .success(launch), roots: [product])
    guard contestant.isLearned || contestant == .bundle else { return entrant }
    let profile = try learn(launch, entrant.roots + program.roots)
    if contestant == .bundle { return try bundled(launch, entrant.roots, profile, tool: tool) }
    entrant.profile = profile
    // The launcher is where the interpreter's binary is.
    if contestant == .launcher { entrant.local = [(tool as NSString).deletingLastPathComponent] }
    return entrant
  }

  /// Packs what a profile names; the starts that use the bundle use no profile.
  private func bundled(
    _ launch: Launch, _ roots: [String], _ profile: String, tool: String
  ) throws -> Entrant {
    let folder = "\(scratch)/bundle-\(fingerprint(launch.argv))"
    try emptied(folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: profile)
    guard let name = names.first(where: { $0.hasSuffix(".profile") }) else {
      throw Failure("its first start left no profile")
    }
    let file = folder + "/program.bundle"
    try run(
      [tool, "bundle", "-o", file, "--python", launch.argv[0], "--profile", "\(profile)/\(name)"]
        + ["--"] + launch.argv.dropFirst(),
      environment: launch.environment, directory: launch.directory)
    var launch = launch
    launch.environment["IMPORTAHEAD_BUNDLE"] = file
    return Entrant(
      contestant: .bundle, launch: .success(launch), roots: roots, local: [folder])
  }

  /// Records a profile in a first start from the local disk, cold as first starts are.
  private func learn(_ launch: Launch, _ roots: [String]) throws -> String {
    let words = launch.argv + [launch.environment["IMPORTAHEAD_BACKEND"] ?? ""]
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

  private func vmtouch(_ program: Program) throws -> Entrant {
    guard let tool = find("vmtouch") else { throw Failure("not installed") }
    guard let packages = program.packages else { throw Failure("no site-packages known") }
    var launch = program.launch()
    launch.before = [tool, "-q", "-t", packages] + program.path
    return Entrant(contestant: .vmtouch, launch: .success(launch))
  }
}

/// A short name that differs where `words` differ (FNV-1a).
func fingerprint(_ words: [String]) -> String {
  let hash = words.joined(separator: "\u{0}").utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
    ($0 ^ UInt64($1)) &* 0x100_0000_01B3
  }
  return String(hash, radix: 36)
}

/// Makes `directory` exist, empty, and nobody else's to enter.
func emptied(_ directory: String) throws {
  try? FileManager.default.removeItem(atPath: directory)
  try FileManager.default.createDirectory(
    atPath: directory, withIntermediateDirectories: true,
    attributes: [.posixPermissions: 0o700])
}
