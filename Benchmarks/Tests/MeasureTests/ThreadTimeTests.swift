import Measure
import Testing

@Suite("ThreadTime")
struct ThreadTimeTests {
  private let trace = """
       9 0.500000000:     sched:sched_wakeup: comm=other pid=8 prio=120 target_cpu=000
       9 1.000000000: sched:sched_wakeup_new: comm=python pid=7 prio=120 target_cpu=001
    \tffffffff813a83e5 ttwu_do_activate

       0 1.010000000:     sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=python next_pid=7 next_prio=120
       7 1.050000000:     sched:sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=D ==> next_comm=a prev_pid=7 next_pid=0 next_prio=120
    \tffffffff821f8b58 __schedule
    \tffffffff821f8b58 filemap_fault
    \tffffffff821f8b58 exc_page_fault

       0 1.070000000:     sched:sched_wakeup: comm=python pid=7 prio=120 target_cpu=001
       0 1.075000000:     sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=python next_pid=7 next_prio=120
       7 1.095000000:     sched:sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=R+ ==> next_comm=a next_pid=8 next_prio=120
    \tffffffff821f8b58 exit_to_user_mode_prepare

       8 1.096000000:     sched:sched_switch: prev_comm=a prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=python next_pid=7 next_prio=120
       7 1.100000000:     sched:sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120
    \tffffffff821f8b58 futex_wait

       7 2.000000000:     sched:sched_wakeup: comm=python pid=7 prio=120 target_cpu=001
    """

  @Test("divides a start into what ran, what stood in line and what it waited for")
  func divides() throws {
    let time = try #require(ThreadTime(perfScript: trace, thread: 7, from: 1, to: 1.11))
    #expect(isNear(time.running, 0.064))
    #expect(isNear(time.queued, 0.016))
    #expect(isNear(time.blocked[.pageFault] ?? 0, 0.02))
    #expect(isNear(time.blocked[.lock] ?? 0, 0.01))
    #expect(time.sleeps == [.pageFault: 1, .lock: 1])
    #expect(isNear(time.seconds, 0.11))
  }

  @Test("trusts no trace that began late or does not show the thread")
  func refuses() {
    #expect(ThreadTime(perfScript: trace, thread: 7, from: 0.4, to: 1.11) == nil)
    #expect(ThreadTime(perfScript: trace, thread: 6, from: 1, to: 1.11) == nil)
    #expect(ThreadTime(perfScript: "", thread: 7, from: 1, to: 1.11) == nil)
  }

  @Test("averages starts")
  func averages() throws {
    var (one, two) = (ThreadTime.none, ThreadTime.none)
    (one.running, two.running) = (1, 2)
    two.blocked[.read] = 3
    two.sleeps[.read] = 2
    let mean = try #require(ThreadTime(meanOf: [one, two]))
    #expect((mean.running, mean.blocked[.read], mean.sleeps[.read]) == (1.5, 1.5, 1))
    #expect(ThreadTime(meanOf: []) == nil)
  }

  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }
}
