internal import Synchronization

/// How many requests of each kind arrived, in all and by the thread that asked.
public struct Counts: Sendable {
  /// Requests by operation.
  public private(set) var total = [Int](repeating: 0, count: Operation.allCases.count)
  /// Requests by the asking thread's id, then by operation.
  public private(set) var byThread: [Int32: [Int]] = [:]
  /// Bytes answered to reads.
  public private(set) var bytesRead = 0

  /// Counts nothing yet.
  public init() {}

  /// The requests of one kind.
  public subscript(operation: Operation) -> Int { total[operation.rawValue] }

  mutating func add(_ operation: Operation, thread: Int32) {
    total[operation.rawValue] += 1
    byThread[thread, default: [Int](repeating: 0, count: total.count)][operation.rawValue] += 1
  }

  mutating func add(bytes: Int) { bytesRead += bytes }

  /// The counts as one JSON object.
  public var json: String {
    let threads = byThread.sorted { $0.key < $1.key }
      .map { "    \"\($0.key)\": \(Self.object($0.value))" }
    return """
      {
        "total": \(Self.object(total)),
        "bytes_read": \(bytesRead),
        "by_thread": {
      \(threads.joined(separator: ",\n"))
        }
      }

      """
  }

  private static func object(_ row: [Int]) -> String {
    let fields = Operation.allCases.filter { row[$0.rawValue] > 0 }
      .map { "\"\($0.name)\": \(row[$0.rawValue])" }
    return "{\(fields.joined(separator: ", "))}"
  }
}

/// One request, as the trace records it.
struct TracedRequest: Sendable {
  let operation: Operation
  let thread: Int32
  let start: UInt64
  let end: UInt64
  /// Where in the file a read begins; 0 for anything else.
  let offset: Int
  let bytes: Int
  let path: [UInt8]

  /// The request as one line of JSON; bytes that are not ASCII become `?`.
  var json: String {
    let name = String(
      decoding: path.map { $0 < 0x20 || $0 > 0x7E || $0 == 0x22 || $0 == 0x5C ? 0x3F : $0 },
      as: UTF8.self)
    return """
      {"op": "\(operation.name)", "tid": \(thread), "start": \(start), "end": \(end), \
      "offset": \(offset), "bytes": \(bytes), "path": "\(name)"}
      """
  }
}

/// Collects counts, and the requests themselves when asked to.
final class Recorder: Sendable {
  private struct State: Sendable {
    var counts = Counts()
    var requests: [TracedRequest] = []
  }

  private let state = Mutex(State())
  private let traces: Bool

  init(traces: Bool) { self.traces = traces }

  func arrived(_ operation: Operation, thread: Int32) {
    state.withLock { $0.counts.add(operation, thread: thread) }
  }

  func answered(_ request: @autoclosure () -> TracedRequest, bytes: Int) {
    guard traces || bytes > 0 else { return }
    let traced = traces ? request() : nil
    state.withLock {
      $0.counts.add(bytes: bytes)
      if let traced { $0.requests.append(traced) }
    }
  }

  var counts: Counts { state.withLock { $0.counts } }
  var requests: [TracedRequest] { state.withLock { $0.requests } }
}
