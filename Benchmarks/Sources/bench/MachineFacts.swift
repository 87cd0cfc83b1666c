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
  let status = (read("/proc/self/status") ?? "").split(separator: "\n")
  facts["processors used"] = status.first { $0.hasPrefix("Cpus_allowed_list:") }
    .map { $0.dropFirst(18).trimmingCharacters(in: .whitespaces) }
  let memory = read("/proc/meminfo")?.split(separator: "\n").first?.split(separator: " ")
  facts["memory"] = memory.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map {
    "\($0 / 1_048_576) GiB"
  }
  facts["kernel"] = read("/proc/sys/kernel/osrelease")
  facts["io_uring_disabled"] = read("/proc/sys/kernel/io_uring_disabled")
  facts["pages out"] = pageOut(read)
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

/// The facts as a list in Markdown.
func listed(_ facts: [String: String]) -> String {
  facts.sorted { $0.key < $1.key }.map { "* \($0.key): \($0.value)" }.joined(separator: "\n")
}

/// What the kernel does all the time to pages that seem unused (DAMON's schemes); `nil` for nothing.
private func pageOut(_ read: (String) -> String?) -> String? {
  let kdamonds = "/sys/kernel/mm/damon/admin/kdamonds"
  let names = (try? FileManager.default.subpathsOfDirectory(atPath: kdamonds)) ?? []
  let running = names.filter { $0.hasSuffix("/state") && read("\(kdamonds)/\($0)") == "on" }
    .compactMap { $0.split(separator: "/").first }
  let actions = names.filter { name in
    name.hasSuffix("/action") && running.contains { name.hasPrefix("\($0)/") }
  }
  let found = Set(actions.compactMap { read("\(kdamonds)/\($0)") }).sorted()
  return found.isEmpty ? nil : "DAMON: \(found.joined(separator: ", "))"
}

private func oneLine(_ text: String) -> String {
  text.split(separator: "\n").joined(separator: " ").trimmingCharacters(in: .whitespaces)
}
