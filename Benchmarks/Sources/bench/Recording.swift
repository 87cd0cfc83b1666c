import Foundation

/// What a traced start shows; never timed.
struct Recording {
  /// The files it opened for reading, in need order, each once.
  let files: [String]
  /// System calls of the process's first thread.
  let importingCalls: Int
  /// System calls of all its threads and children.
  let allCalls: Int

  /// Runs `launch` under strace; `nil` when there is no strace or it may not trace.
  ///
  /// With `only` one call the kernel filters, and the start is hardly slower.
  init?(_ launch: Launch, scratch: String, only call: String? = nil) {
    guard let strace = find("strace") else { return nil }
    let file = scratch + "/strace"
    defer { unlink(file) }
    let filter = call.map { ["--seccomp-bpf", "-e", "trace=\($0)"] } ?? []
    guard
      (try? run(
        [strace, "-f", "-qq", "-s", "4096", "-o", file] + filter + launch.argv,
        environment: launch.environment, directory: launch.directory)) != nil,
      let data = FileManager.default.contents(atPath: file)
    else { return nil }
    self.init(lines: String(decoding: data, as: UTF8.self).split(separator: "\n"))
  }

  /// Reads strace's lines: `PID call(arguments) = result`.
  init(lines: [Substring]) {
    var (files, seen): ([String], Set<Substring>) = ([], [])
    var (first, importing, all): (Substring?, Int, Int) = (nil, 0, 0)
    for line in lines {
      guard let space = line.firstIndex(of: " ") else { continue }
      let call = line[space...].drop { $0 == " " }
      guard let head = call.first, head.isLetter || head == "_" else { continue }
      let pid = line[..<space]
      if first == nil { first = pid }
      all += 1
      if pid == first { importing += 1 }
      if let path = openedFile(call), seen.insert(path).inserted { files.append(String(path)) }
    }
    (self.files, importingCalls, allCalls) = (files, importing, all)
  }
}

/// The path of a successful `openat` for reading of something that is no directory.
private func openedFile(_ call: Substring) -> Substring? {
  guard call.hasPrefix("openat("), call.contains("O_RDONLY"), !call.contains("O_DIRECTORY"),
    !call.contains(" = -1"), let quote = call.firstIndex(of: "\"")
  else { return nil }
  let rest = call[call.index(after: quote)...]
  guard let end = rest.firstIndex(of: "\"") else { return nil }
  let path = rest[..<end]
  guard path.hasPrefix("/"), !path.hasPrefix("/proc/"), !path.hasPrefix("/dev/"),
    !path.hasPrefix("/sys/")
  else { return nil }
  return path
}
