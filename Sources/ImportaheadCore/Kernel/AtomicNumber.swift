internal import CLinux

/// A number that threads write and read without a lock.
///
/// `Synchronization.Atomic` would bring Glibc's module beside this one's.
@safe final class AtomicNumber: @unchecked Sendable {
  private let place = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init(_ value: Int) { unsafe place.initialize(to: value) }

  deinit { unsafe place.deallocate() }

  /// What was written last; what its writer did before is seen too.
  var value: Int {
    get { unsafe importahead_load(place) }
    set { unsafe importahead_store(place, newValue) }
  }
}
