import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Thread")
struct ThreadTests {
  private final class Answer: @unchecked Sendable {
    var blocked: [Bool] = []
  }

  @Test("it blocks every signal, and leaves its creator's mask alone")
  func signals() throws {
    var before = sigset_t()
    pthread_sigmask(SIG_SETMASK, nil, &before)
    let answer = Answer()
    let thread = try Thread {
      var mask = sigset_t()
      pthread_sigmask(SIG_SETMASK, nil, &mask)
      answer.blocked = [SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGALRM].map {
        sigismember(&mask, $0) == 1
      }
    }
    #expect(thread.join(milliseconds: 10_000))
    #expect(answer.blocked == [Bool](repeating: true, count: 5))
    var after = sigset_t()
    pthread_sigmask(SIG_SETMASK, nil, &after)
    #expect(sigismember(&after, SIGINT) == sigismember(&before, SIGINT))
  }

  @Test("its descriptor table is empty, and its creator's is untouched")
  func descriptors() throws {
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let inside = try inSession { () -> (count: Int, isOpen: Bool) in
      (openDescriptors(), fcntl(descriptor, F_GETFD) >= 0)
    }
    #expect(inside.count == 0)
    #expect(!inside.isOpen)
    #expect(fcntl(descriptor, F_GETFD) >= 0)
  }

  @Test("made with a copy of its creator's table, it empties that and leaves its creator's alone")
  func copiedDescriptors() throws {
    final class Inside: @unchecked Sendable {
      var before = 0
      var after = -1
      var isOpen = true
      var opened: Int32 = -1
      var below = -1
    }
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let inside = Inside()
    for _ in 0..<50 {
      let thread = try Thread(descriptors: .copied) {
        inside.before = openDescriptors()
        try? Thread.closeCopies()
        inside.after = openDescriptors()
        inside.isOpen = fcntl(descriptor, F_GETFD) >= 0
        inside.opened = open("/dev/null", O_RDONLY)
        // Threads that it starts share its table.
        let child = try? Thread { inside.below = openDescriptors() }
        _ = child?.join(milliseconds: 10_000)
      }
      #expect(thread.join(milliseconds: 10_000))
      #expect(inside.before > 0)
      #expect(inside.after == 0)
      #expect(!inside.isOpen)
      #expect(inside.opened == 0)
      #expect(inside.below == 1)
      #expect(fcntl(descriptor, F_GETFD) >= 0)
      #expect(fcntl(0, F_GETFD) >= 0 || errno == EBADF)
    }
  }

  @Test("waiting for its end has an end, and can be done again")
  func join() throws {
    let thread = try Thread { usleep(100_000) }
    #expect(!thread.join(milliseconds: 1))
    #expect(thread.join(milliseconds: 10_000))
    #expect(thread.join(milliseconds: 0))
  }

  @Test("its death is seen without waiting, whatever it was at")
  func death() throws {
    let alive = try Thread { usleep(300_000) }
    #expect(!alive.hasEnded)
    let killed = try Thread { pthread_exit(nil) }
    let deadline = Instant.now.adding(milliseconds: 10_000)
    while !killed.hasEnded || !alive.hasEnded, Instant.now < deadline { usleep(1000) }
    #expect(killed.hasEnded)
    #expect(alive.hasEnded)
    #expect(killed.join(milliseconds: 0))
  }

  @Test("a monitor lets one in at a time and its waits end")
  func monitor() throws {
    final class Count: @unchecked Sendable {
      let monitor = Monitor()
      var value = 0
    }
    let count = Count()
    let threads = try (0..<4).map { _ in
      try Thread { for _ in 0..<5000 { count.monitor.locked { count.value += 1 } } }
    }
    #expect(threads.allSatisfy { $0.join(milliseconds: 20_000) })
    #expect(count.value == 20_000)
    let end = Instant.now.adding(milliseconds: 20)
    count.monitor.lock()
    while count.monitor.wait(until: end) {}
    count.monitor.reset()
    #expect(Instant.now >= end)
    #expect(count.monitor.locked { count.value } == 20_000)
  }
}
