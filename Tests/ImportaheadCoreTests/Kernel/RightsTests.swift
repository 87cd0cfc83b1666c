import Glibc
import Testing

@testable import ImportaheadCore

/// Gives up what execve(2) may grant, for the calling thread alone; prctl(2) is variadic, which Swift cannot
/// call.
private func setNoNewPrivileges() -> Bool {
  typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
  guard let found = dlsym(nil, "prctl") else { return false }
  return unsafeBitCast(found, to: Prctl.self)(38, 1, 0, 0, 0) == 0
}

@Suite("Rights")
struct RightsTests {
  private static let status = """
    Name:\tpython3
    Uid:\t1000\t1000\t1000\t1000
    Gid:\t1000\t1000\t1000\t1000
    Groups:\t4 24 1000
    VmRSS:\t  13656 kB
    CapInh:\t0000000000000000
    CapEff:\t0000000000000000
    NoNewPrivs:\t0
    Seccomp:\t0
    Seccomp_filters:\t0
    voluntary_ctxt_switches:\t15

    """

  private func rights(_ old: String = "", _ new: String = "") -> Rights? {
    let text = old.isEmpty ? Self.status : Self.status.replacing(old, with: new, maxReplacements: 1)
    return Rights(status: Array(text.utf8))
  }

  @Test(
    "whatever decides what may be opened or called makes them others",
    arguments: [
      ("Uid:\t1000\t1000\t1000\t1000", "Uid:\t1000\t1000\t1000\t65534"),
      ("Uid:\t1000\t1000\t1000\t1000", "Uid:\t1000\t0\t1000\t0"),
      ("Gid:\t1000\t1000", "Gid:\t1000\t4"), ("Groups:\t4 24 1000", "Groups:\t24 1000"),
      ("CapEff:\t0000000000000000", "CapEff:\t0000000000000002"),
      ("NoNewPrivs:\t0", "NoNewPrivs:\t1"), ("Seccomp:\t0", "Seccomp:\t2"),
      ("Seccomp_filters:\t0", "Seccomp_filters:\t1"),
    ])
  func others(old: String, new: String) {
    #expect(rights() != nil)
    #expect(rights(old, new) != rights())
  }

  @Test("nothing else does", arguments: [("13656", "20000"), ("switches:\t15", "switches:\t16")])
  func same(old: String, new: String) {
    #expect(rights(old, new) == rights())
  }

  @Test("a text without ids tells nothing")
  func unknown() {
    #expect(Rights(status: []) == nil)
    #expect(rights("Uid:", "Xid:") == nil)
  }

  @Test("a filter is one, and so is a text that does not say")
  func filter() {
    #expect(rights()?.hasFilter == false)
    #expect(rights("Seccomp:\t0", "Seccomp:\t2")?.hasFilter == true)
  }

  @Test("a thread's are its own, and other threads can tell")
  func own() throws {
    let mine = try #require(Rights.ofThread)
    #expect(Rights.of(thread: Thread.identifier) == mine)
    #expect(Rights.of(thread: -1) == nil)
    let held = InitialRights()
    #expect(held.areHeld)
    #expect(held.areHeldByProgram)
    #expect(held.wereHeldLately)
  }

  @Test("once a thread has given up any, they are lost for good")
  func lost() throws {
    final class Outcome: @unchecked Sendable {
      var before = false
      var after = true
      var seen = true
    }
    let outcome = Outcome()
    let thread = try Thread {
      let held = InitialRights()
      outcome.before = held.areHeld
      // A thread's own; it ends with the thread.
      guard setNoNewPrivileges() else { return }
      outcome.after = held.areHeld
      outcome.seen = held.areHeldByProgram || held.wereHeldLately
    }
    #expect(thread.join(milliseconds: 10_000))
    #expect(outcome.before)
    #expect(!outcome.after)
    #expect(!outcome.seen)
  }

  @Test("the child of a fork begins with those that it has then")
  func child() throws {
    final class Outcome: @unchecked Sendable {
      var kept = false
      var lost = true
    }
    let outcome = Outcome()
    let held = InitialRights()
    let thread = try Thread {
      guard setNoNewPrivileges() else { return }
      held.becomeChild()
      outcome.kept = held.areHeld && held.areHeldByProgram
    }
    #expect(thread.join(milliseconds: 10_000))
    #expect(outcome.kept)
    outcome.lost = held.areHeld
    #expect(!outcome.lost)
  }

  @Test("a thread that has ended cannot be asked: what is unknown has changed")
  func gone() throws {
    final class Box: @unchecked Sendable { var held: InitialRights? }
    let box = Box()
    let thread = try Thread { box.held = InitialRights() }
    #expect(thread.join(milliseconds: 10_000))
    usleep(20_000)
    #expect(box.held?.areHeldByProgram == false)
    #expect(box.held?.areHeld == false)
  }
}
