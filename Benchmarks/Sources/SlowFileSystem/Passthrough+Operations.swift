internal import CFuse
internal import Glibc

/// The requests this file system answers; the kernel is told that the others do not exist.
let passthroughOperations: fuse_lowlevel_ops = {
  var operations = fuse_lowlevel_ops()
  operations.`init` = { passthrough, connection in
    // Lookups in one directory overlap, as they do on NFS (see slowfs_allow_parallel_lookups).
    connection?.pointee.want |= UInt32(FUSE_CAP_PARALLEL_DIROPS)
    if Passthrough.at(passthrough)?.caching.keepsLinks == true {
      connection?.pointee.want |= UInt32(FUSE_CAP_CACHE_SYMLINKS)
    }
    // 12 requests in the background by default: readahead of many files would queue there.
    connection?.pointee.max_background = 512
    connection?.pointee.congestion_threshold = 512
  }
  operations.lookup = { request, parent, name in
    serve(request, name) { $0.lookup($1, $2, in: parent) }
  }
  operations.getattr = { request, node, _ in serve(request) { $0.getattr($1, node) } }
  operations.readlink = { request, node in serve(request) { $0.readlink($1, node) } }
  operations.open = { request, node, file in serve(request, file) { $0.open($1, node, $2) } }
  operations.read = { request, node, size, offset, file in
    serve(request, file) { $0.read($1, node, size, offset, $2.pointee.fh) }
  }
  operations.release = { request, _, file in
    serve(request, file) { $0.release($1, $2.pointee.fh) }
  }
  operations.opendir = { request, node, file in
    serve(request, file) { $0.opendir($1, node, $2) }
  }
  operations.readdir = { request, node, size, offset, file in
    serve(request, file) { $0.readdir($1, node, size, offset, $2.pointee.fh) }
  }
  operations.releasedir = { request, _, file in
    serve(request, file) { $0.releasedir($1, $2.pointee.fh) }
  }
  operations.statfs = { request, _ in serve(request) { $0.statfs($1) } }
  return operations
}()

/// Hands a request to the file system it belongs to.
private func serve(_ request: fuse_req_t?, _ body: (Passthrough, fuse_req_t) -> Void) {
  if let request, let own = Passthrough.of(request) { body(own, request) }
}

/// Hands a request with something that the kernel always passes along.
private func serve<Argument>(
  _ request: fuse_req_t?, _ argument: Argument?,
  _ body: (Passthrough, fuse_req_t, Argument) -> Void
) {
  if let argument { serve(request) { body($0, $1, argument) } }
}

extension Passthrough {
  fileprivate func lookup(_ request: fuse_req_t, _ name: UnsafePointer<CChar>, in parent: UInt64) {
    let path = nodes.path(of: name, in: parent)
    serve(.lookup, request, path: path) {
      let (status, code) = status(of: path)
      if code == ENOENT, caching.negatives > 0 {
        var absent = fuse_entry_param()
        absent.entry_timeout = caching.negatives
        return (0, { [absent] in sendEntry(absent, to: request) })
      }
      guard code == 0 else { return (0, { fuse_reply_err(request, code) }) }
      var entry = fuse_entry_param()
      entry.ino = nodes.number(of: path)
      entry.generation = 1
      entry.attr = status
      entry.attr_timeout = age(of: status)
      entry.entry_timeout = caching.entries
      return (0, { [entry] in sendEntry(entry, to: request) })
    }
  }

  fileprivate func getattr(_ request: fuse_req_t, _ node: UInt64) {
    let path = nodes.path(of: node)
    serve(.getattr, request, path: path) {
      let (status, code) = status(of: path)
      guard code == 0 else { return (0, { fuse_reply_err(request, code) }) }
      let age = age(of: status)
      return (0, { _ = withUnsafePointer(to: status) { fuse_reply_attr(request, $0, age) } })
    }
  }

  fileprivate func readlink(_ request: fuse_req_t, _ node: UInt64) {
    let path = nodes.path(of: node)
    serve(.readlink, request, path: path) {
      var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let length = path.withTerminator { readlinkat(root, $0, &target, Int(PATH_MAX)) }
      let code = errno
      guard length >= 0 else { return (0, { fuse_reply_err(request, code) }) }
      target[length] = 0
      return (0, { [target] in fuse_reply_readlink(request, target) })
    }
  }

  fileprivate func open(
    _ request: fuse_req_t, _ node: UInt64, _ file: UnsafeMutablePointer<fuse_file_info>
  ) {
    let path = nodes.path(of: node)
    serve(.open, request, path: path) {
      guard file.pointee.flags & O_ACCMODE == O_RDONLY else {
        return (0, { fuse_reply_err(request, EROFS) })
      }
      let descriptor = path.withTerminator { openat(root, $0, O_RDONLY | O_CLOEXEC) }
      let code = errno
      guard descriptor >= 0 else { return (0, { fuse_reply_err(request, code) }) }
      file.pointee.fh = UInt64(descriptor)
      file.pointee.keep_cache = caching.keepsPages ? 1 : 0
      return (0, { if fuse_reply_open(request, file) != 0 { close(descriptor) } })
    }
  }

  fileprivate func read(
    _ request: fuse_req_t, _ node: UInt64, _ size: Int, _ offset: off_t, _ handle: UInt64
  ) {
    serve(.read, request, path: nodes.path(of: node), offset: Int(offset)) {
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 4096)
      let count = pread(CInt(handle), buffer, size, offset)
      let code = errno
      return (
        max(count, 0),
        {
          if count >= 0 {
            fuse_reply_buf(request, buffer.assumingMemoryBound(to: CChar.self), count)
          } else {
            fuse_reply_err(request, code)
          }
          buffer.deallocate()
        }
      )
    }
  }

  fileprivate func release(_ request: fuse_req_t, _ handle: UInt64) {
    serve(.release, request, path: []) {
      close(CInt(handle))
      return (0, { fuse_reply_err(request, 0) })
    }
  }

  fileprivate func opendir(
    _ request: fuse_req_t, _ node: UInt64, _ file: UnsafeMutablePointer<fuse_file_info>
  ) {
    let path = nodes.path(of: node)
    serve(.opendir, request, path: path) {
      let descriptor = path.withTerminator { openat(root, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
      let code = errno
      guard descriptor >= 0 else { return (0, { fuse_reply_err(request, code) }) }
      guard let listing = Listing(closing: descriptor) else {
        return (0, { fuse_reply_err(request, ENOMEM) })
      }
      let owned = Unmanaged.passRetained(listing)
      file.pointee.fh = UInt64(UInt(bitPattern: owned.toOpaque()))
      file.pointee.keep_cache = caching.keepsListings ? 1 : 0
      file.pointee.cache_readdir = caching.keepsListings ? 1 : 0
      return (0, { if fuse_reply_open(request, file) != 0 { owned.release() } })
    }
  }

  fileprivate func readdir(
    _ request: fuse_req_t, _ node: UInt64, _ size: Int, _ offset: off_t, _ handle: UInt64
  ) {
    serve(.readdir, request, path: nodes.path(of: node)) {
      var buffer = [CChar](repeating: 0, count: size)
      let used =
        UnsafeRawPointer(bitPattern: UInt(handle)).map { pointer in
          buffer.withUnsafeMutableBufferPointer {
            Unmanaged<Listing>.fromOpaque(pointer).takeUnretainedValue()
              .fill($0, from: Int(offset), for: request)
          }
        } ?? 0
      return (used, { [buffer] in fuse_reply_buf(request, buffer, used) })
    }
  }

  fileprivate func releasedir(_ request: fuse_req_t, _ handle: UInt64) {
    serve(.releasedir, request, path: []) {
      if let pointer = UnsafeRawPointer(bitPattern: UInt(handle)) {
        Unmanaged<Listing>.fromOpaque(pointer).release()
      }
      return (0, { fuse_reply_err(request, 0) })
    }
  }

  fileprivate func statfs(_ request: fuse_req_t) {
    serve(.statfs, request, path: []) {
      var status = statvfs()
      let result = fstatvfs(root, &status)
      let code = errno
      guard result == 0 else { return (0, { fuse_reply_err(request, code) }) }
      let answer = status
      return (0, { _ = withUnsafePointer(to: answer) { fuse_reply_statfs(request, $0) } })
    }
  }
}

private func sendEntry(_ entry: fuse_entry_param, to request: fuse_req_t) {
  _ = withUnsafePointer(to: entry) { fuse_reply_entry(request, $0) }
}
