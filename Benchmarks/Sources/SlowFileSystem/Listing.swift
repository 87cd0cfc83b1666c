internal import CFuse
internal import Glibc

/// The names of one directory, taken when it was opened.
final class Listing {
  struct Entry {
    let name: [CChar]
    let inode: ino_t
    let type: UInt8
  }

  private(set) var entries: [Entry] = []

  /// Reads the directory behind `descriptor` and closes it.
  init?(closing descriptor: CInt) {
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      return nil
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { bytes in
          Array(UnsafeBufferPointer(start: bytes, count: strlen(bytes) + 1))
        }
      }
      entries.append(Entry(name: name, inode: entry.pointee.d_ino, type: entry.pointee.d_type))
    }
  }

  /// Fills `buffer` with entries from `offset` on, as the kernel wants them; returns the bytes used.
  func fill(_ buffer: UnsafeMutableBufferPointer<CChar>, from offset: Int, for request: fuse_req_t)
    -> Int
  {
    var used = 0
    var index = max(0, offset)
    while index < entries.count {
      var attributes = stat()
      attributes.st_ino = entries[index].inode
      attributes.st_mode = mode_t(entries[index].type) << 12
      let size = fuse_add_direntry(
        request, buffer.baseAddress.map { $0 + used }, buffer.count - used,
        entries[index].name, &attributes, off_t(index + 1))
      guard size <= buffer.count - used else { break }
      used += size
      index += 1
    }
    return used
  }
}
