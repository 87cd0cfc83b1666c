import ArgumentParser
import Foundation

/// Where things are; shared by all commands that measure.
struct Setting: ParsableArguments {
  @Option(help: "The interpreter the environments are made from.")
  var python = "python3"

  @Option(
    help: "Where environments and images are kept. Default: $XDG_CACHE_HOME/importahead-bench.")
  var cache: String?

  @Option(help: "The built product, a directory with sitecustomize.py. Default: dist/python.")
  var product: String?

  @Option(help: "A file to lock while measuring, where the machine is shared.")
  var lock: String?

  @Option(help: "Seconds after which the lock is given up for a moment.")
  var lockSeconds = 50.0

  /// The directory `Benchmarks`, seen from the built program.
  static var home: String {
    var folder = sibling("")
    while folder.count > 1, access(folder + "/workloads", F_OK) != 0 {
      folder = (folder as NSString).deletingLastPathComponent
    }
    return folder.count > 1 ? folder : FileManager.default.currentDirectoryPath + "/Benchmarks"
  }

  /// The cache directory as an absolute path.
  var cacheDirectory: String {
    let environment = ProcessInfo.processInfo.environment
    let base = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/tmp") + "/.cache"
    return absolute(cache ?? base + "/importahead-bench")
  }

  /// The product's directory as an absolute path, existing or not.
  var productDirectory: String { absolute(product ?? Self.home + "/../dist/python") }

  /// The environments.
  func workshop() throws -> Workshop {
    try Workshop(python: python, cache: cacheDirectory, sources: Self.home + "/workloads")
  }

  /// The contestants' stable, with a scratch directory in the cache.
  func paddock(_ workshop: Workshop) throws -> Paddock {
    let scratch = cacheDirectory + "/scratch"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    // Held until this process ends: two runs would measure each other, and share the scratch files.
    let lock = open(scratch + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure("another run uses \(cacheDirectory); wait for it, or choose another --cache")
    }
    return Paddock(product: productDirectory, scratch: scratch, python: workshop.python)
  }
}

/// A path from the root, its links resolved where it exists.
func absolute(_ path: String) -> String {
  if let resolved = realpath(path, nil) {
    defer { free(resolved) }
    return String(cString: resolved)
  }
  return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
}
