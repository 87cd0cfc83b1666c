import Glibc
import Testing

@testable import ImportaheadCore

@Suite("File watch")
struct FileWatchTests {
  @Test("files opened in watched directories are told, once each; directories are not")
  func opened() throws {
    let tree = try TemporaryTree()
    for name in ["a/x", "a/y", "a/inner/z", "b/x", "c/x"] { try tree.write(name, "text") }
    let found = try inSession { () -> [[[UInt8]]] in
      guard let watch = try? FileWatch(named: tree.bytes("")) else { return [] }
      defer { watch.end() }
      for name in ["a", "b", "missing", "a/x"] { watch.add(tree.bytes(name)) }
      var answers = [watch.opened()]
      for name in ["a/x", "a/inner", "c/x", "b/x", "a/x", "a", "a/none", "a/inner/z"] {
        close(open(tree.path(name), O_RDONLY))
      }
      answers.append(watch.opened())
      for name in ["a/x", "a/y"] { close(open(tree.path(name), O_RDONLY)) }
      answers.append(watch.opened())
      return answers
    }
    #expect(found == [[], ["a/x", "b/x"].map(tree.bytes), [tree.bytes("a/y")]])
  }

  @Test("names of any length and form come whole, many at once too")
  func names() throws {
    let tree = try TemporaryTree()
    let names = (0..<700).map { "d/" + String(repeating: "n", count: $0 % 250) + "\($0)" }
    for name in names { try tree.write(name) }
    let found = try inSession { () -> [[UInt8]] in
      guard let watch = try? FileWatch(named: tree.bytes("")) else { return [] }
      defer { watch.end() }
      watch.add(tree.bytes("d"))
      for name in names { close(open(tree.path(name), O_RDONLY)) }
      return watch.opened()
    }
    #expect(found == names.map(tree.bytes))
  }

  @Test("no more files are kept than a profile holds")
  func bounded() throws {
    let tree = try TemporaryTree()
    let names = (0..<(Profile.mostData + 20)).map { "d/\($0)" }
    for name in names { try tree.write(name) }
    let count = try inSession { () -> Int in
      guard let watch = try? FileWatch(named: tree.bytes("")) else { return -1 }
      defer { watch.end() }
      watch.add(tree.bytes("d"))
      for name in names { close(open(tree.path(name), O_RDONLY)) }
      return watch.opened().count
    }
    #expect(count == Profile.mostData)
  }

  @Test("there is one of a name at a time")
  func claim() throws {
    let name = Array("importahead-test-\(getpid())".utf8)
    let outcome = try inSession { () -> [Int32] in
      var codes: [Int32] = []
      func attempt(_ name: [UInt8]) -> FileWatch? {
        do throws(Errno) {
          let watch = try FileWatch(named: name)
          codes.append(0)
          return watch
        } catch {
          codes.append(error.code)
          return nil
        }
      }
      let first = attempt(name)
      _ = attempt(name)
      attempt(name + [1])?.end()
      first?.end()
      attempt(name)?.end()
      _ = attempt(Array(repeating: 1, count: 200))
      return codes
    }
    #expect(outcome == [0, EADDRINUSE, 0, 0, EINVAL])
  }

  @Test(
    "a user who may have few is left all of them",
    arguments: [
      ("128", "65536", "128", "65536", true), ("64", "4096", "64", "4096", true),
      ("63", "65536", "128", "65536", false), ("128", "65536", "2", "65536", false),
      ("128", "4095", "128", "65536", false), ("128", "65536", "128", "40", false),
      ("", "65536", "", "65536", false), ("128", "65536", "", "", true),
    ])
  func limits(
    instances: String, watches: String, ownInstances: String, ownWatches: String, isHad: Bool
  ) throws {
    let kernel = try FakeKernel()
    try kernel.tell("/proc/sys/fs/inotify/max_user_instances", instances)
    try kernel.tell("/proc/sys/fs/inotify/max_user_watches", watches)
    try kernel.tell("/proc/sys/user/max_inotify_instances", ownInstances)
    try kernel.tell("/proc/sys/user/max_inotify_watches", ownWatches)
    let had = try inSession { () -> Bool in
      guard let watch = try? FileWatch(named: kernel.root, limitsBelow: kernel.root) else {
        return false
      }
      watch.end()
      return true
    }
    #expect(had == isHad)
  }

  @Test("no more than an eighth of the watches is ours")
  func share() throws {
    let kernel = try FakeKernel()
    try kernel.tell("/proc/sys/fs/inotify/max_user_instances", "128")
    try kernel.tell("/proc/sys/fs/inotify/max_user_watches", "4096")
    let names = (0..<600).map { "d\($0)" }
    for name in names { try kernel.tree.write("\(name)/x") }
    let count = try inSession { () -> Int in
      guard let watch = try? FileWatch(named: kernel.root, limitsBelow: kernel.root) else {
        return -1
      }
      defer { watch.end() }
      for name in names { watch.add(kernel.tree.bytes(name)) }
      for name in names { close(open(kernel.tree.path("\(name)/x"), O_RDONLY)) }
      return watch.opened().count
    }
    #expect(count > 0 && count <= 512)
  }
}
