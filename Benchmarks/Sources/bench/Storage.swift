import Foundation

/// Where a program's files are when it starts.
enum Storage: Hashable {
  /// The local disk with nothing in memory.
  case localCold
  /// The local disk with everything in memory.
  case localWarm
  /// The slow file system, freshly mounted.
  case slow(latency: String, timeouts: String)

  /// Parses `local-cold`, `local-warm`, `slow-1ms` or `slow-1ms-fuse`.
  init?(_ text: String) {
    let parts = text.split(separator: "-").map(String.init)
    switch (parts.first, parts.count) {
    case ("local", 2) where parts[1] == "cold": self = .localCold
    case ("local", 2) where parts[1] == "warm": self = .localWarm
    case ("slow", 2): self = .slow(latency: parts[1], timeouts: "nfs")
    case ("slow", 3): self = .slow(latency: parts[1], timeouts: parts[2])
    default: return nil
    }
  }

  /// The name in archives and on the command line.
  var id: String {
    switch self {
    case .localCold: "local-cold"
    case .localWarm: "local-warm"
    case .slow(let latency, "nfs"): "slow-\(latency)"
    case .slow(let latency, let timeouts): "slow-\(latency)-\(timeouts)"
    }
  }

  /// The name in tables, with what stays warm.
  var title: String {
    switch self {
    case .localCold where canDropCaches: "local disk, cold (drop_caches)"
    case .localCold: "local disk, files evicted one by one (names and statuses stay warm)"
    case .localWarm: "local disk, warm"
    case .slow(let latency, let timeouts):
      "slow file system, \(latency) a request, \(timeouts) caching, freshly mounted"
    }
  }

  /// Why it cannot be had here, when it cannot.
  var absence: String? {
    guard case .slow = self else { return nil }
    if access("/dev/fuse", R_OK | W_OK) != 0 { return "no access to /dev/fuse" }
    return Namespace.absence
  }

  /// The latency of a request; 0 for a local disk.
  var milliseconds: Double {
    guard case .slow(let latency, _) = self else { return 0 }
    let scale = latency.hasSuffix("us") ? 0.001 : latency.hasSuffix("ms") ? 1 : 1000
    return (Double(latency.prefix { $0.isNumber || $0 == "." }) ?? 1) * scale
  }

  /// Options for slowfs; `nil` for a local disk.
  var slowOptions: [String]? {
    guard case .slow(let latency, let timeouts) = self else { return nil }
    return ["--latency", latency, "--timeouts", timeouts]
  }
}

/// Whether `/proc/sys/vm/drop_caches` may be written.
let canDropCaches = geteuid() == 0 && access("/proc/sys/vm/drop_caches", W_OK) == 0

/// Makes the next start cold: everything when we may, otherwise the files under `roots`.
func evict(_ roots: [String]) {
  sync()
  guard canDropCaches, let file = fopen("/proc/sys/vm/drop_caches", "w") else {
    return roots.forEach { evictFiles(under: $0) }
  }
  fputs("3\n", file)
  fclose(file)
}

/// Drops the pages of the files under `root`, not their names and statuses.
func evictFiles(under root: String) {
  let names = FileManager.default.enumerator(atPath: root)
  while let name = names?.nextObject() as? String {
    let descriptor = open("\(root)/\(name)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { continue }
    fdatasync(descriptor)
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    close(descriptor)
  }
}

/// Brings every file under `roots` into memory, so that a slow mount costs what it was told to.
func load(_ roots: [String]) throws {
  for root in roots {
    try run([
      "sh", "-c", #"find "$0" -xdev -type f -size -64M -print0 | xargs -0 cat > /dev/null"#, root,
    ])
  }
}
