import Foundation
import Testing

/// A mount served by the `slowfs` command beside the tests, over a tree made for it.
final class MountedTree {
  let source: String
  let mountPoint: String
  private let countsPath: String
  private let server = Process()

  static var isPossible: Bool { access("/dev/fuse", R_OK | W_OK) == 0 }

  init(_ options: [String]) throws {
    let base = FileManager.default.temporaryDirectory.path + "/slowfs-\(UUID().uuidString)"
    (source, mountPoint, countsPath) = (base + "/source", base + "/mount", base + "/counts")
    for path in [source + "/package", mountPoint] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let body = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try body.write(to: URL(fileURLWithPath: source + "/package/large.bin"))
    for index in 0..<16 {
      try Data("x = \(index)\n".utf8).write(
        to: URL(fileURLWithPath: source + "/package/m\(index).py"))
    }
    symlink("package/large.bin", source + "/link")
    close(open(source + "/caf\u{e9}-", O_CREAT | O_WRONLY, 0o644))
    let latin1: [CChar] = Array((source + "/caf").utf8CString.dropLast()) + [CChar(-23), 0]
    close(open(latin1, O_CREAT | O_WRONLY, 0o644))
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder = URL(fileURLWithPath: tests).deletingLastPathComponent()
    server.executableURL = folder.appendingPathComponent("slowfs")
    server.arguments = options + ["--counts", countsPath, source, mountPoint]
    let output = Pipe()
    server.standardOutput = output
    try server.run()
    _ = output.fileHandleForReading.readData(ofLength: 6)
  }

  /// Unmounts, waits for the server, and returns its counts.
  func finish() throws -> [String: Int] {
    kill(server.processIdentifier, SIGTERM)
    server.waitUntilExit()
    #expect(server.terminationStatus == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: countsPath))
    try FileManager.default.removeItem(
      at: URL(fileURLWithPath: source).deletingLastPathComponent())
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    return object?["total"] as? [String: Int] ?? [:]
  }
}

@Suite(
  "A mounted slow file system",
  .enabled(if: MountedTree.isPossible, "no access to /dev/fuse"), .serialized)
struct MountTests {
  private func names(_ path: String) -> Set<[CChar]> {
    var names = Set<[CChar]>()
    guard let stream = opendir(path) else { return names }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      names.insert(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) {
            Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
          }
        })
    }
    return names
  }

  @Test("shows the same names, bytes, links and statuses as its source")
  func equality() throws {
    let tree = try MountedTree(["--latency", "0"])
    for folder in ["", "/package"] {
      #expect(names(tree.mountPoint + folder) == names(tree.source + folder))
    }
    #expect(names(tree.mountPoint).contains([99, 97, 102, -23]))
    let original = FileManager.default.contents(atPath: tree.source + "/package/large.bin")
    #expect(FileManager.default.contents(atPath: tree.mountPoint + "/link") == original)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: tree.mountPoint + "/link")
        == "package/large.bin")
    var (here, there) = (stat(), stat())
    #expect(stat(tree.mountPoint + "/package/large.bin", &here) == 0)
    #expect(stat(tree.source + "/package/large.bin", &there) == 0)
    #expect(here.st_size == there.st_size && here.st_mode == there.st_mode)
    #expect(here.st_mtim.tv_sec == there.st_mtim.tv_sec)
    #expect(here.st_mtim.tv_nsec == there.st_mtim.tv_nsec)
    #expect(stat(tree.mountPoint + "/absent", &here) == -1 && errno == ENOENT)
    #expect(open(tree.mountPoint + "/new", O_CREAT | O_WRONLY, 0o644) == -1 && errno == EROFS)
    var space = statvfs()
    #expect(statvfs(tree.mountPoint, &space) == 0 && space.f_blocks > 0)
    _ = try tree.finish()
  }

  @Test("counts each request once")
  func counts() throws {
    let tree = try MountedTree(["--latency", "0"])
    var status = stat()
    #expect(stat(tree.mountPoint + "/package/m0.py", &status) == 0)
    #expect(stat(tree.mountPoint + "/package/m0.py", &status) == 0)
    #expect(stat(tree.mountPoint + "/package/none.py", &status) == -1)
    let descriptor = open(tree.mountPoint + "/package/m1.py", O_RDONLY)
    var byte: UInt8 = 0
    #expect(read(descriptor, &byte, 1) == 1)
    close(descriptor)
    let counts = try tree.finish()
    #expect(counts["lookup"] == 4, "package, m0, none, m1; the second m0 is remembered")
    #expect(counts["open"] == 1)
    #expect(counts["read"] == 1)
    #expect(counts["opendir"] == nil)
  }

  @Test("an absent name is asked for again unless negative answers are kept")
  func negatives() throws {
    var status = stat()
    for (preset, expected) in [("fuse", 3), ("nfs", 1), ("none", 3)] {
      let tree = try MountedTree(["--latency", "0", "--timeouts", preset])
      for _ in 0..<3 { #expect(stat(tree.mountPoint + "/none.py", &status) == -1) }
      #expect(try tree.finish()["lookup"] == expected, "\(preset)")
    }
  }

  @Test("a link's target is asked for again unless links are kept")
  func links() throws {
    for (preset, expected) in [("fuse", 3), ("nfs", 1), ("none", 3)] {
      let tree = try MountedTree(["--latency", "0", "--timeouts", preset])
      for _ in 0..<3 {
        let target = try FileManager.default.destinationOfSymbolicLink(
          atPath: tree.mountPoint + "/link")
        #expect(target == "package/large.bin")
      }
      #expect(try tree.finish()["readlink"] == expected, "\(preset)")
    }
  }

  @Test("sixteen requests at once take about one round trip")
  func overlap() throws {
    let tree = try MountedTree(["--latency", "100ms"])
    var status = stat()
    #expect(stat(tree.mountPoint + "/package", &status) == 0)
    let path = tree.mountPoint + "/package/m"
    let clock = ContinuousClock()
    let time = clock.measure {
      DispatchQueue.concurrentPerform(iterations: 2) { half in
        let threads = (0..<8).map { index in
          let thread = Thread {
            var status = stat()
            stat("\(path)\(half * 8 + index).py", &status)
          }
          thread.start()
          return thread
        }
        while threads.contains(where: { !$0.isFinished }) { usleep(1000) }
      }
    }
    #expect(time >= .milliseconds(100))
    #expect(time < .milliseconds(800), "one after the other they would take 1.6 s")
    #expect(try tree.finish()["lookup"] == 17)
  }
}
