import Testing

@testable import ImportaheadCore

@Suite("TaskRoom")
struct TaskRoomTests {
  private func groups(_ text: String) -> [String] {
    TaskRoom.groups(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("a group's limit is looked for in it and in all above it, in both hierarchies")
  func hierarchies() {
    #expect(
      groups("8:pids:/a/b\n4:memory:/a/b\n0::/c\n") == [
        "/sys/fs/cgroup/pids/a/b", "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/pids",
        "/sys/fs/cgroup/c", "/sys/fs/cgroup",
      ])
    #expect(groups("0::/\n") == ["/sys/fs/cgroup"])
  }

  @Test(
    "what is no list of groups names none",
    arguments: ["", "\n\n", "0:", "0::", "pids", "8:pids", "1:name=systemd:/a", "x::/a", "::"])
  func nonsense(text: String) {
    #expect(groups(text).isEmpty)
  }
}
