internal import CLinux

/// A mutual exclusion lock with one condition: the only lock of the core.
///
/// It is never held while Python code runs or while a system call may block on a file.
@safe final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    reset()
  }

  /// Makes the lock new: in the child of a fork its holder may not exist any more.
  func reset() {
    // Whoever meets the lock taken tries again for a moment: it is never held for long.
    var kind = pthread_mutexattr_t()
    _ = unsafe pthread_mutexattr_init(&kind)
    _ = unsafe pthread_mutexattr_settype(&kind, importahead_adaptive_mutex())
    _ = unsafe pthread_mutex_init(mutex, &kind)
    _ = unsafe pthread_mutexattr_destroy(&kind)
    var attributes = pthread_condattr_t()
    _ = unsafe pthread_condattr_init(&attributes)
    _ = unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    _ = unsafe pthread_cond_init(condition, &attributes)
    _ = unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    _ = unsafe pthread_cond_destroy(condition)
    _ = unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` with the lock held.
  func locked<Result: ~Copyable>(_ body: () -> Result) -> Result {
    lock()
    defer { unlock() }
    return body()
  }

  /// Takes the lock; pairs with `unlock()`.
  func lock() {
    _ = unsafe pthread_mutex_lock(mutex)
  }

  /// Releases the lock.
  func unlock() {
    _ = unsafe pthread_mutex_unlock(mutex)
  }

  /// Releases the lock until somebody notifies or `deadline` (monotonic clock) has passed.
  ///
  /// The lock must be held; it is held again on return. Returns `false` when the deadline passed.
  func wait(until deadline: Instant) -> Bool {
    var time = timespec()
    time.tv_sec = deadline.nanoseconds / 1_000_000_000
    time.tv_nsec = deadline.nanoseconds % 1_000_000_000
    return unsafe pthread_cond_timedwait(condition, mutex, &time) == 0
  }

  /// Wakes every waiter.
  ///
  /// Best done without the lock: on a busy machine who wakes runs at once, and would have to wait for it.
  func notifyAll() {
    _ = unsafe pthread_cond_broadcast(condition)
  }

  /// Wakes one waiter; best done without the lock too.
  func notifyOne() {
    _ = unsafe pthread_cond_signal(condition)
  }
}
