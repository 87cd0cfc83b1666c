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
        .bundle, .launcherBundle:
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
