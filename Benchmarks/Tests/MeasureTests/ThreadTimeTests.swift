import Measure
import Testing

@Suite("ThreadTime")
struct ThreadTimeTests {
  private let trace = """
    # tracer: nop
    #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
               bench-9       [000] d..2. 1.000000: sched_wakeup_new: comm=python pid=7 prio=120 target_cpu=001
               other-8       [001] d..2. 1.010000: sched_switch: prev_comm=other prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=python next_pid=7 next_prio=120
               other-8       [001] d..2. 1.010010: <stack trace>
     => __schedule
     => futex_wait
       python 3.1-7       [001] d..2. 1.050000: sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
               other-8       [000] d..2. 1.050001: sched_wakeup: comm=a pid=6 prio=120 target_cpu=001
       python 3.1-7       [001] d..2. 1.050002: <stack trace>
     => __schedule
     => filemap_fault
     => asm_exc_page_fault
              <idle>-0       [001] dNs5. 1.070000: sched_wakeup: comm=x pid=9 pid=7 prio=120 target_cpu=001
       python 3.1-7       [001] d..2. 1.090000: sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=R+ ==> next_comm=other next_pid=8 next_prio=120
               other-8       [001] d..2. 1.096000: sched_switch: prev_comm=other prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=python next_pid=7 next_prio=120
       python 3.1-7       [001] d..2. 1.100000: sched_switch: prev_comm=python prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120
       python 3.1-7       [001] d..2. 1.100001: <stack trace>
     => do_futex
              <idle>-0       [001] dNs5. 1.109000: sched_wakeup: comm=python pid=7 prio=120 target_cpu=001
    """

  @Test("divides a start into what ran, what stood in line and what it waited for")
  func divides() throws {
    let time = try #require(ThreadTime(trace: trace, thread: 7, from: 1, to: 1.11))
    #expect(isNear(time.running, 0.04 + 0.02 + 0.004 + 0.001))
    #expect(isNear(time.queued, 0.01 + 0.006))
    #expect(isNear(time.blocked[.pageFault] ?? 0, 0.02))
    #expect(isNear(time.blocked[.lock] ?? 0, 0.009))
    #expect(time.sleeps == [.pageFault: 1, .lock: 1])
    #expect(isNear(time.seconds, 0.11))
  }

  @Test("knows nothing of a thread that the trace does not show")
  func refuses() {
    #expect(ThreadTime(trace: trace, thread: 6, from: 1, to: 1.11) == nil)
    #expect(ThreadTime(trace: trace, thread: 7, from: 2, to: 3) == nil)
    #expect(ThreadTime(trace: "", thread: 7, from: 1, to: 1.11) == nil)
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
