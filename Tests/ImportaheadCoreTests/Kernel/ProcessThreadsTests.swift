import Glibc
import Testing

@testable import ImportaheadCore

@Suite("ProcessThreads")
struct ProcessThreadsTests {
  @Test("a thread more is one more, and a process that nobody has, has none")
  func count() throws {
    var first: Int32 = 0
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    // The tests' own threads come and go: `cat` has one.
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var words: [UnsafeMutablePointer<CChar>?] = [strdup("cat"), nil]
    defer { free(words[0]) }
    try #require(posix_spawnp(&first, "cat", &actions, nil, &words, nil) == 0)
    #expect(ProcessThreads(of: first).count == 1)
    kill(first, SIGKILL)
    waitpid(first, nil, 0)
    #expect(ProcessThreads(of: first).count == nil)
    #expect(ProcessThreads(of: 0).count == nil)
    let thread = try Thread { usleep(50_000) }
    #expect(ProcessThreads(of: getpid()).count ?? 0 > 1)
    #expect(thread.join(milliseconds: 10_000))
  }
}
