internal import CLinux

/// File systems that have been asked for their type, by device: asking may take a round trip.
final class KnownFileSystems: @unchecked Sendable {
  private let monitor = Monitor()
  private var known: [(device: UInt64, isLocal: Bool)] = []

  /// Enough for any program's path entries.
  private static let most = 64

  /// Whether the file system of an open file with `status` asks no server.
  func isLocal(_ descriptor: Int32, _ status: FileStatus) -> Bool {
    let found = monitor.locked { known.first { $0.device == status.device } }
    if let found { return found.isLocal }
    let isLocal = FileSystem.isLocal(descriptor)
    monitor.locked { if known.count < Self.most { known.append((status.device, isLocal)) } }
    return isLocal
  }

  /// Whether the file system that `path` leads to asks no server.
  func isLocal(_ path: [UInt8]) -> Bool {
    let name = CPath(path)
    let descriptor = unsafe importahead_open(name.pointer, O_PATH | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    guard let status = try? FileStatus(descriptor: descriptor) else { return false }
    return isLocal(descriptor, status)
  }
}

/// What is known of a file system by its type.
enum FileSystem {
  /// Magic numbers (statfs(2)) of file systems that open and look up known names without asking
  /// anybody: ext2 to ext4, xfs, btrfs, f2fs, tmpfs, overlayfs, squashfs, erofs, zfs, ramfs.
  private static let localTypes: [UInt32] = [
    0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x0102_1994, 0x794C_7630, 0x7371_7368,
    0xE0F5_E1E2, 0x2FC1_2FC1, 0x8584_58F6,
  ]

  /// Whether the file system of an open file is one of those; any other may be slow at any call.
  static func isLocal(_ descriptor: Int32) -> Bool {
    var status = statfs()
    guard unsafe importahead_fstatfs(descriptor, &status) == 0 else { return false }
    return localTypes.contains(UInt32(truncatingIfNeeded: status.f_type))
  }
}
