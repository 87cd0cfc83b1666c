import Foundation
import Synchronization

/// One start as a picture needs it: when the importing thread ran, and every request that was made.
struct Waterfall: Codable {
  /// A request to the slow file system.
  struct Request: Codable {
    let op: String
    let tid: Int32
    let start: UInt64
    let end: UInt64
    let path: String
  }

  /// A stretch of time in one scheduler state.
  struct Stretch: Codable {
    var start: Double
    var end: Double
    let runs: Bool
  }

  let contestant: String
  let title: String
  let program: String
  let storage: String
  /// Seconds from start to exit.
  let seconds: Double
  /// What the importing thread did, sampled about every half millisecond.
  let stretches: [Stretch]
  /// Requests as start, end (seconds), whether the importing thread asked, and the operation.
  let requests: [[Double]]
  /// The operations' names; a request's last number is an index into them.
  let operations: [String]

  /// Starts the program once and watches.
  init(_ entrant: Entrant, _ stage: Stage) throws {
    let observer = Observer()
    let outcome = try stage.perform(entrant, round: 0, traced: true) { observer.follow($0) }
    let origin = outcome.began
    let observed = observer.stop()
    let decoder = JSONDecoder()
    let all = outcome.trace.compactMap { try? decoder.decode(Request.self, from: Data($0.utf8)) }
      .filter { !$0.op.hasPrefix("release") && $0.end > origin }
    let names = Array(Set(all.map(\.op))).sorted()
    let relative = { (time: UInt64) in time > origin ? Double(time - origin) / 1e9 : 0 }
    contestant = entrant.contestant.rawValue
    title = entrant.contestant.title
    program = stage.program.title
    storage = stage.storage.title
    seconds = outcome.sample.seconds
    operations = names
    requests = all.map { request in
      [
        relative(request.start), relative(request.end), request.tid == outcome.pid ? 1 : 0,
        Double(names.firstIndex(of: request.op) ?? 0),
      ]
    }
    var stretches: [Stretch] = []
    for (time, runs) in observed {
      let now = relative(time)
      if let last = stretches.indices.last {
        stretches[last].end = now
        if stretches[last].runs == runs { continue }
      }
      stretches.append(Stretch(start: now, end: now, runs: runs))
    }
    self.stretches = stretches
  }
}

/// Samples the state of a process's first thread from /proc, on a thread of its own.
private final class Observer: @unchecked Sendable {
  private let finished = Atomic<Bool>(false)
  private let done = DispatchSemaphore(value: 0)
  private var samples: [(UInt64, Bool)] = []

  /// Follows process `pid` until `stop()` or its end.
  func follow(_ pid: pid_t) {
    Thread.detachNewThread { [self] in
      let descriptor = open("/proc/\(pid)/task/\(pid)/stat", O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      var buffer = [UInt8](repeating: 0, count: 512)
      while !finished.load(ordering: .relaxed) {
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0, let name = buffer[..<count].lastIndex(of: 0x29), name + 2 < count else {
          break
        }
        samples.append((monotonicNow(), buffer[name + 2] == UInt8(ascii: "R")))
        usleep(400)
      }
      done.signal()
    }
  }

  /// The samples, once the sampler has ended.
  func stop() -> [(UInt64, Bool)] {
    finished.store(true, ordering: .relaxed)
    done.wait()
    return samples
  }
}
