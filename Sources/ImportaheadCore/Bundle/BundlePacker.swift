/// Makes a bundle of what a profile names.
public struct BundlePacker {
  /// Why there is no bundle.
  public enum Problem: Error, Equatable {
    /// There is no profile of the program, or none that may be trusted.
    case noProfile
    /// The file named as a profile is none.
    case notAProfile
    /// None of the files that the profile names has usable bytecode.
    case nothing
    /// It would be larger than what is read.
    case tooLarge
  }

  private let settings: SessionSettings
  private let profile: Profile
  private let program: UInt64
  /// Whether the environment is going to be copied, which changes inodes and times of change.
  private let isForCopies: Bool
  private let allocator = FileBytesAllocator()

  /// How often files that have just changed are looked at again, and how long after, in milliseconds.
  private static let patience = (times: 3, pause: 1_000)

  /// Takes the profile that the program `settings` describe would use.
  public init(settings: SessionSettings, isForCopies: Bool) throws(Problem) {
    var readOnly = settings
    readOnly.profile.isRead = true
    let profile = LearnedProfile.isWanted(readOnly) ? LearnedProfile(readOnly).load() : Profile()
    guard !profile.entries.isEmpty else { throw .noProfile }
    self.init(profile, settings, ProfileKey.program(for: settings), isForCopies)
  }

  /// Takes a profile from `bytes`, written at `written` (nanoseconds since the epoch).
  ///
  /// Where `isOfProgram`, it is that of the program that `settings` describe.
  public init(
    profile bytes: [UInt8], written: Int, isOfProgram: Bool, settings: SessionSettings,
    isForCopies: Bool
  ) throws(Problem) {
    guard var profile = Profile(bytes, in: nil) else { throw .notAProfile }
    profile.written = written
    guard !profile.entries.isEmpty else { throw .noProfile }
    let program = isOfProgram ? ProfileKey.program(for: settings) : 0
    self.init(profile, settings, program, isForCopies)
  }

  private init(
    _ profile: Profile, _ settings: SessionSettings, _ program: UInt64, _ isForCopies: Bool
  ) {
    self.profile = profile
    self.settings = settings
    self.program = program
    self.isForCopies = isForCopies
  }

  /// Reads what the profile names and returns the bundle's bytes.
  ///
  /// Waits a few seconds where something has only just changed. The names in the directory `target`,
  /// where the bundle is going to be put, are left out: they are about to change.
  public func pack(into target: [UInt8]) throws(Problem) -> PackedBundle {
    let target = try? FileStatus(path: CPath(target))
    var index = BundleIndex()
    index.magic = settings.magic
    index.cacheSuffix = settings.cacheSuffix
    index.cachePrefix = settings.cachePrefix
    index.program = program
    index.isOfCopies = isForCopies
    let entries = profile.worthwhile
    index.isComplete = profile.isComplete && entries.count == profile.entries.count
    var body: [FileBytes] = []
    var size = 0
    for entry in entries {
      let packed = pack(entry, target)
      index.entries.append(packed.entry)
      index.texts += packed.text
      if let bytes = packed.bytes { body.append(bytes) }
      size &+= packed.entry.length
    }
    guard !body.isEmpty else { throw .nothing }
    var bytes = index.encoded()
    guard bytes.count <= BundleIndex.mostBytes,
      bytes.count &+ size <= BundleIndex.mostFileBytes
    else { throw .tooLarge }
    bytes.reserveCapacity(bytes.count &+ size)
    for part in body {
      unsafe part.withPointer { start, count in
        let raw = unsafe UnsafeRawBufferPointer(start: start, count: count)
        unsafe bytes.append(contentsOf: raw)
      }
    }
    return PackedBundle(
      bytes: bytes, files: body.count,
      directories: index.entries.count { $0.kind == .directory && $0.length > 0 },
      filesWithout: index.entries.count { $0.kind == .source && $0.length == 0 })
  }

  private typealias Packed = (entry: BundleEntry, text: [UInt8], bytes: FileBytes?)

  private func pack(_ entry: ProfileEntry, _ target: FileStatus?) -> Packed {
    for _ in 0..<Self.patience.times {
      switch entry.kind {
      case .native, .library: return pack(library: entry)
      case .data, .name: return (BundleEntry(kind: entry.kind, path: entry.path), [], nil)
      case .directory:
        if let packed = pack(directory: entry.path, target) { return packed }
      case .source, .bytecode:
        if let packed = pack(file: entry) { return packed }
      }
      Thread.sleep(milliseconds: Self.patience.pause)
    }
    return (BundleEntry(kind: entry.kind, path: entry.path), [], nil)
  }

  /// The pages of a shared object that were touched, if they are known.
  private func pack(library: ProfileEntry) -> Packed {
    let text = library.pages?.encoded ?? []
    return (BundleEntry(kind: library.kind, path: library.path, length: text.count), text, nil)
  }

  /// The names in a directory, or none where they cannot be had; `nil` where it has only just changed.
  private func pack(directory path: [UInt8], _ target: FileStatus?) -> Packed? {
    var entry = BundleEntry(kind: .directory, path: path)
    // A copy's times of change prove nothing, and a copy is listed for next to nothing.
    guard !isForCopies, let listing = try? DirectoryListing.read(path),
      listing.status.inode != target?.inode || listing.status.device != target?.device
    else { return (entry, [], nil) }
    guard !listing.isRacy else { return nil }
    let names = listing.packed()
    guard names.count <= settings.limits.bytecodeSize else { return (entry, [], nil) }
    entry.status = PackedStatus(listing.status)
    entry.length = names.count
    return (entry, names, nil)
  }

  /// A module's bytecode, or none where importlib would not use it; `nil` where it has only just
  /// changed.
  private func pack(file: ProfileEntry) -> Packed? {
    var entry = BundleEntry(kind: file.kind, path: file.path)
    let path = entry.servedPath(
      cacheSuffix: settings.cacheSuffix, cachePrefix: settings.cachePrefix)
    let fetch = FileFetch(
      contentsOf: path, limit: settings.limits.bytecodeSize, isLocal: false, from: allocator)
    fetch.performAll()
    guard case .contents(let bytes, let status, let isRacy)? = fetch.outcome,
      let header = BytecodeHeader(bytes.bytes), header.magic == settings.magic,
      file.kind == .bytecode || header.isFresh(sourceAt: file.path)
    else { return (entry, [], nil) }
    guard !isRacy else { return nil }
    entry.status = PackedStatus(status)
    entry.length = bytes.count
    entry.checksum = BundleChecksum.of(bytes.bytes)
    entry.isSettled = status.changed < profile.written && status.modified < profile.written
    return (entry, [], bytes)
  }
}

/// A bundle that has not been written yet.
public struct PackedBundle {
  /// All of its bytes.
  public let bytes: [UInt8]
  /// How many files it holds.
  public let files: Int
  /// How many directories it knows the names of.
  public let directories: Int
  /// How many modules it only names, because they have no bytecode that could be used.
  public let filesWithout: Int
}

extension BytecodeHeader {
  /// Whether importlib would use the bytecode for the source at `path`, as far as a status tells: one
  /// that is tied to its source by a hash is taken to be fresh.
  func isFresh(sourceAt path: [UInt8]) -> Bool {
    guard let status = try? FileStatus(path: CPath(path)) else { return false }
    return isHashBased
      || sourceTime == UInt32(truncatingIfNeeded: status.modifiedSeconds)
        && sourceSize == UInt32(truncatingIfNeeded: status.size)
  }
}
