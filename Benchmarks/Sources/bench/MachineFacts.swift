import Foundation

/// What a reader must know about the machine to judge a run.
func machineFacts(python: String, directory: String) -> [String: String] {
  var facts: [String: String] = [:]
  let read = { (path: String) in
    (try? String(contentsOfFile: path, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
  let cpus = (read("/proc/cpuinfo") ?? "").split(separator: "\n")
  let model = cpus.first { $0.hasPrefix("model name") }?.split(separator: ":").last
  facts["processor"] = model.map { $0.trimmingCharacters(in: .whitespaces) }
  facts["processors"] = "\(ProcessInfo.processInfo.activeProcessorCount)"
  let memory = read("/proc/meminfo")?.split(separator: "\n").first?.split(separator: " ")
  facts["memory"] = memory.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map {
    "\($0 / 1_048_576) GiB"
  }
  facts["kernel"] = read("/proc/sys/kernel/osrelease")
  facts["io_uring_disabled"] = read("/proc/sys/kernel/io_uring_disabled")
  let os = (read("/etc/os-release") ?? "").split(separator: "\n")
  facts["system"] = os.first { $0.hasPrefix("PRETTY_NAME=") }
    .map { $0.dropFirst(12).trimmingCharacters(in: ["\""]) }
  facts["load at start"] = read("/proc/loadavg")
  facts["python"] = try? oneLine(run([python, "-c", "import sys; print(sys.version)"]))
  facts["file system"] = try? oneLine(
    run(["findmnt", "-n", "-o", "FSTYPE", "--target", directory]))
  for (name, command) in [
    ("strace", ["strace", "-V"]), ("vmtouch", ["dpkg-query", "-W", "-f", "${Version}", "vmtouch"]),
    ("libfuse", ["fusermount3", "-V"]), ("squashfs-tools", ["mksquashfs", "-version"]),
    ("swift", ["swift", "--version"]),
    ("commit", ["git", "-C", Setting.home, "rev-parse", "--short", "HEAD"]),
  ] {
    let text = try? run(command).split(separator: "\n").first.map(String.init)
    facts[name] = text ?? "absent"
  }
  return facts
}

private func oneLine(_ text: String) -> String {
  text.split(separator: "\n").joined(separator: " ").trimmingCharacters(in: .whitespaces)
}
