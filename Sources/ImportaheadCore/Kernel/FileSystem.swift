internal import CLinux

/// File systems that have been asked for their type, by device: asking may take a round trip.
final class KnownFileSystems: @unchecked Sendable {
  private let monitor = Monitor()
  private var known: [(device: UInt64, isLocal: Bool)] = []
  private var hasReadMounts = false

  /// Enough for any program's path entries.
  private static let most = 64

  /// Whether the file system of an open file with `status` asks no server.
  func isLocal(_ descriptor: Int32, _ status: FileStatus) -> Bool {
    if let known = isLocal(status.device) { return known }
    guard !Confinement.allowsPlainCallsOnly else {
      readMounts()
      return isLocal(status.device) ?? false
    }
    let isLocal = FileSystem.isLocal(descriptor)
    note(status.device, isLocal: isLocal)
    return isLocal
  }

  /// Whether a device is known to be a file system that is not local: to open what is there may take a
  /// round trip to a server.
  func asksServer(_ device: UInt64) -> Bool { isLocal(device) == false }

  /// Takes note of what is known of a device.
  func note(_ device: UInt64, isLocal: Bool) {
    monitor.locked { if known.count < Self.most { known.append((device, isLocal)) } }
  }

  /// Makes the lock usable in the child of a fork, where its owner may not exist.
  func abandonLock() { monitor.reset() }

  private func isLocal(_ device: UInt64) -> Bool? {
    monitor.locked { known.first { $0.device == device }?.isLocal }
  }

  /// Reads what is mounted, instead of fstatfs(2), which CPython does not call by itself.
  private func readMounts() {
    let isFirst = monitor.locked {
      defer { hasReadMounts = true }
      return !hasReadMounts
    }
    guard isFirst,
      let text = KernelText(Array("/proc/self/mountinfo".utf8))?.bytes
    else { return }
    for mount in FileSystem.mounts(in: text) { note(mount.device, isLocal: mount.isLocal) }
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

  /// Their names in /proc/self/mountinfo, and what ext2 to ext4 are called there.
  private static let localNames: [[UInt8]] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay", "squashfs", "erofs", "zfs",
    "ramfs",
  ].map { Array($0.utf8) }

  /// The devices of a `/proc/PID/mountinfo` that modules may lie on, and whether they are local.
  ///
  /// The third field is the device; the type follows a lone hyphen (proc_pid_mountinfo(5)).
  static func mounts(in text: [UInt8]) -> [(device: UInt64, isLocal: Bool)] {
    var found: [(device: UInt64, isLocal: Bool)] = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count > 6,
        let hyphen = fields[6...].firstIndex(where: { $0.elementsEqual("-".utf8) }),
        hyphen &+ 1 < fields.count, let device = device(fields[2]),
        !found.contains(where: { $0.device == device })
      else { continue }
      let type = fields[hyphen &+ 1]
      guard !pseudo.contains(where: { type.elementsEqual($0) }) else { continue }
      found.append((device, localNames.contains { type.elementsEqual($0) }))
    }
    return found
  }

  /// Types that hold no modules, of which there are many.
  private static let pseudo: [[UInt8]] = [
    "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs",
    "bpf",
    "pstore", "hugetlbfs", "autofs", "nsfs", "configfs", "fusectl", "binfmt_misc",
  ].map { Array($0.utf8) }

  /// Reads `major:minor`.
  private static func device(_ text: ArraySlice<UInt8>) -> UInt64? {
    let numbers = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard numbers.count == 2 else { return nil }
    var device: UInt64 = 0
    for digits in numbers {
      guard !digits.isEmpty, digits.count < 10 else { return nil }
      var value: UInt64 = 0
      for digit in digits {
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
        value = value &* 10 &+ UInt64(digit &- UInt8(ascii: "0"))
      }
      guard value <= UInt64(UInt32.max) else { return nil }
      device = device << 32 | value
    }
    return device
  }

  /// Whether the file system of an open file is one of those; any other may be slow at any call.
  static func isLocal(_ descriptor: Int32) -> Bool {
    var status = statfs()
    guard unsafe importahead_fstatfs(descriptor, &status) == 0 else { return false }
    return localTypes.contains(UInt32(truncatingIfNeeded: status.f_type))
  }
}
