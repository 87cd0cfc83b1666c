internal import CLinux

/// Tells the process that made it from its children: a page that the kernel clears in every child with
/// memory of its own, be it made by fork(2) or by clone(2) behind the back of pthread_atfork(3)
/// (madvise(2), MADV_WIPEONFORK, Linux 4.14).
///
/// Before that kernel every process takes itself for the one that made it.
@safe final class ProcessMark: @unchecked Sendable {
  private let page: UnsafeMutablePointer<UInt8>?

  /// Marks the calling process.
  init() {
    let size = 1
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, Int(bitPattern: memory) != -1 else {
      unsafe page = nil
      return
    }
    guard unsafe madvise(memory, size, MADV_WIPEONFORK) == 0 else {
      _ = unsafe munmap(memory, size)
      unsafe page = nil
      return
    }
    unsafe page = memory.bindMemory(to: UInt8.self, capacity: size)
    renew()
  }

  deinit {
    if let page = unsafe page { _ = unsafe munmap(page, 1) }
  }

  /// Whether the calling process is the marked one: a look at memory alone.
  var isHere: Bool { unsafe page.map { unsafe $0.pointee != 0 } ?? true }

  /// Marks the calling process instead.
  func renew() { unsafe page?.pointee = 1 }
}
