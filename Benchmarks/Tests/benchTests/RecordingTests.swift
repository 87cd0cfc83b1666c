import Testing

@testable import bench

@Suite("Recording")
struct RecordingTests {
  private let trace: [Substring] = [
    #"100 execve("/usr/bin/python3", ["python3"], 0x7ff) = 0"#,
    #"100 openat(AT_FDCWD, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3"#,
    #"100 openat(AT_FDCWD, "/lib/absent.so", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file)"#,
    #"100 openat(AT_FDCWD, "/usr/lib", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 4"#,
    #"101 openat(AT_FDCWD, "/usr/lib/a.pyc", O_RDONLY|O_CLOEXEC) = 5"#,
    #"100 openat(AT_FDCWD, "/usr/lib/a.pyc", O_RDONLY|O_CLOEXEC <unfinished ...>"#,
    "100 <... openat resumed>) = 6",
    #"100 openat(AT_FDCWD, "/proc/self/status", O_RDONLY) = 7"#,
    #"100 openat(AT_FDCWD, "/tmp/out", O_WRONLY|O_CREAT, 0644) = 8"#,
    "100 --- SIGCHLD {si_signo=SIGCHLD} ---",
    "100 +++ exited with 0 +++",
  ]

  @Test("keeps files that were opened for reading, each once, in need order")
  func files() {
    #expect(Recording(lines: trace).files == ["/lib/libc.so.6", "/usr/lib/a.pyc"])
  }

  @Test("counts each call once, the first process's apart from the others'")
  func calls() {
    let recording = Recording(lines: trace)
    #expect(recording.importingCalls == 7)
    #expect(recording.allCalls == 8)
  }
}
