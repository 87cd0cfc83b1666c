import Glibc
import Testing

@testable import ImportaheadCore

@Suite("FileSystem")
struct FileSystemTests {
  private static let mounts = """
    22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    23 22 0:21 / /proc rw,nosuid - proc proc rw
    40 22 0:45 / /net/home rw,relatime shared:20 master:3 - nfs4 server:/home rw,vers=4.2
    41 22 0:50 /a\\040b /mnt/a\\040-\\040b ro - fuse.slowfs slowfs ro
    42 22 0:51 / /var/lib/docker/overlay2/x rw - overlay overlay rw,lowerdir=/a - b
    43 40 0:45 /more /net/more rw - nfs4 server:/more rw
    44 22 x:1 / /odd rw - ext4 /dev/x rw
    45 22 8:2 / /short rw
    46 22 99999999999:2 / /large rw - ext4 /dev/x rw

    """

  @Test("mountinfo tells which devices are local; what is no line of it tells nothing")
  func mounts() {
    let found = FileSystem.mounts(in: Array(Self.mounts.utf8))
    let expected: [(UInt64, Bool)] = [
      (8 << 32 | 1, true), (45, false), (50, false), (51, true),
    ]
    #expect(found.map(\.device) == expected.map(\.0))
    #expect(found.map(\.isLocal) == expected.map(\.1))
    #expect(FileSystem.mounts(in: []).isEmpty)
  }

  @Test("it agrees with statfs(2) about this process's own mounts")
  func oracle() throws {
    let text = try #require(KernelText(Array("/proc/self/mountinfo".utf8))?.bytes)
    let found = FileSystem.mounts(in: text)
    let known = KnownFileSystems()
    for path in ["/", "/tmp", "/usr/lib"] {
      let name = Array(path.utf8)
      let status = try FileStatus(path: CPath(name))
      guard let mount = found.first(where: { $0.device == status.device }) else { continue }
      #expect(known.isLocal(name) == mount.isLocal)
      #expect(known.asksServer(status.device) == !mount.isLocal)
    }
  }

  @Test("a device that nobody has asked about asks no server, as far as is known")
  func unknown() {
    #expect(!KnownFileSystems().asksServer(12))
  }
}
