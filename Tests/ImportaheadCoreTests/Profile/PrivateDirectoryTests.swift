import Glibc
import Testing

@testable import ImportaheadCore

/// A directory of a test's own, removed with it.
private final class Tree {
  let path: String

  init() {
    var template = Array("/tmp/importahead-profile-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
  }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        if entry.pointee.d_type == 4 {
          remove(path + "/" + name)
        } else {
          unlink(path + "/" + name)
        }
      }
      closedir(directory)
    }
    rmdir(path)
  }

  func directory(create: Bool = true) throws -> PrivateDirectory {
    try PrivateDirectory(
      home: Array(path.utf8), below: [Array("importahead".utf8), Array("v1".utf8)],
      mayCreate: create)
  }

  /// The path of a file in the directory that profiles are kept in.
  func file(_ name: String) -> String { path + "/importahead/v1/" + name }
}

private let name = Array("a.profile".utf8)
private let content = Array("hints".utf8)

@Suite("PrivateDirectory")
struct PrivateDirectoryTests {
  private let tree = Tree()

  private func reason(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch {
      return (error as? Errno)?.code
    }
  }

  private func read(limit: Int = 100) throws -> [UInt8] {
    try tree.directory(create: false).read(name, limit: limit).bytes
  }

  @Test("directories are made for their owner alone, and so are files")
  func modes() throws {
    try tree.directory().replace(name, with: content)
    #expect(try read() == content)
    var status = stat()
    #expect(stat(tree.path + "/importahead/v1", &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(stat(tree.file("a.profile"), &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test("a missing directory is not made for reading")
  func missing() {
    #expect(reason { _ = try tree.directory(create: false) } == ENOENT)
    #expect(access(tree.path + "/importahead", F_OK) != 0)
  }

  @Test("a directory that others may write to is refused")
  func openToOthers() throws {
    try tree.directory().replace(name, with: content)
    chmod(tree.path + "/importahead/v1", 0o777)
    #expect(reason { _ = try tree.directory() } == EPERM)
    chmod(tree.path + "/importahead/v1", 0o700)
    chmod(tree.path + "/importahead", 0o770)
    #expect(reason { _ = try tree.directory() } == EPERM)
  }

  @Test("a directory behind a symbolic link is refused, a dangling one too")
  func linkedDirectory() throws {
    mkdir(tree.path + "/real", 0o700)
    symlink("real", tree.path + "/importahead")
    #expect(reason { _ = try tree.directory() } != nil)
    unlink(tree.path + "/importahead")
    symlink("nowhere", tree.path + "/importahead")
    #expect(reason { _ = try tree.directory() } != nil)
    #expect(access(tree.path + "/nowhere", F_OK) != 0)
  }

  @Test("another user's directory and file are refused", .enabled(if: geteuid() == 0, "not root"))
  func otherOwner() throws {
    try tree.directory().replace(name, with: content)
    chown(tree.file("a.profile"), 65_534, 65_534)
    #expect(reason { _ = try read() } == EPERM)
    chown(tree.file("a.profile"), 0, 0)
    chown(tree.path + "/importahead/v1", 65_534, 65_534)
    #expect(reason { _ = try tree.directory() } == EPERM)
  }

  @Test("nothing is made in another user's home", .enabled(if: geteuid() == 0, "not root"))
  func otherHome() {
    chown(tree.path, 65_534, 65_534)
    #expect(reason { _ = try tree.directory() } != nil)
    #expect(access(tree.path + "/importahead", F_OK) != 0)
    chown(tree.path, 0, 0)
  }

  @Test("links, FIFOs, directories, files open to others and large files are refused")
  func hostileFiles() throws {
    try tree.directory().replace(name, with: content)
    let file = tree.file("a.profile")
    link(file, tree.file("other"))
    #expect(reason { _ = try read() } == EPERM, "a second name")
    unlink(tree.file("other"))
    chmod(file, 0o666)
    #expect(reason { _ = try read() } == EPERM, "writable by others")
    chmod(file, 0o600)
    #expect(reason { _ = try read(limit: 4) } == EFBIG, "large")
    #expect(try read() == content)
    rename(file, tree.file("other"))
    symlink("other", file)
    #expect(reason { _ = try read() } == ELOOP, "symbolic link")
    unlink(file)
    mkfifo(file, 0o600)
    #expect(reason { _ = try read() } == EINVAL, "FIFO")
    unlink(file)
    mkdir(file, 0o700)
    #expect(reason { _ = try read() } == EINVAL, "directory")
  }

  @Test("a symbolic link in the file's place is replaced, not followed")
  func linkReplaced() throws {
    let directory = try tree.directory()
    symlink(tree.path + "/victim", tree.file("a.profile"))
    try directory.replace(name, with: content)
    #expect(access(tree.path + "/victim", F_OK) != 0)
    #expect(try read() == content)
  }

  @Test("two writers leave one whole file and nothing else")
  func twoWriters() async throws {
    let tree = self.tree
    _ = try tree.directory()
    let texts = [UInt8(1), 2].map { [UInt8](repeating: $0, count: 200_000) }
    let path = tree.path
    await withTaskGroup(of: Void.self) { group in
      for text in texts {
        group.addTask {
          for _ in 0..<50 {
            let directory = try? PrivateDirectory(
              home: Array(path.utf8), below: [Array("importahead".utf8), Array("v1".utf8)],
              mayCreate: false)
            try? directory?.replace(name, with: text)
            guard let found = try? directory?.read(name, limit: 1 << 20) else { continue }
            #expect(texts.contains(found.bytes))
          }
        }
      }
    }
    let listing = try DirectoryListing.read(Array((path + "/importahead/v1").utf8))
    #expect(listing.count == 1)
  }

  @Test("old files make room, and what was left behind goes")
  func pruning() throws {
    let directory = try tree.directory()
    for index in 0...PrivateDirectory.mostFiles {
      try directory.replace(Array("\(index).profile".utf8), with: content)
    }
    try directory.replace(Array(".part-0".utf8), with: content)
    var times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
    utimensat(AT_FDCWD, tree.file(".part-0"), &times, 0)
    utimensat(AT_FDCWD, tree.file("7.profile"), &times, 0)
    directory.prune(Array((tree.path + "/importahead/v1").utf8))
    #expect(access(tree.file(".part-0"), F_OK) != 0)
    #expect(access(tree.file("7.profile"), F_OK) != 0)
    let listing = try DirectoryListing.read(Array((tree.path + "/importahead/v1").utf8))
    #expect(listing.count == PrivateDirectory.mostFiles / 2)
  }
}
