import Foundation
import Synchronization

/// Says on standard error what is going on.
func note(_ text: String) {
  let clear = isatty(2) != 0 ? "\r\u{1B}[K" : ""
  FileHandle.standardError.write(Data("\(clear)bench: \(text)\n".utf8))
}

/// Shows on a terminal what is being done, on a line that the next one replaces.
func progress(_ text: String?) {
  guard isatty(2) != 0 else { return }
  FileHandle.standardError.write(Data("\r\u{1B}[K\((text ?? "").prefix(98))".utf8))
}

/// Shares what is left of a run's time among the cells that are left, so that all lose rounds alike.
struct Schedule {
  private let began = monotonicNow()
  /// Seconds for the whole run; `nil` where time is no matter.
  let seconds: Double?
  /// What each cell is expected to cost, in units of no meaning.
  let weights: [Double]

  /// Seconds since the run began.
  var elapsed: Double { Double(monotonicNow() - began) / 1e9 }

  /// Seconds for cell `index`, when all before it are done.
  func share(of index: Int) -> Double? {
    seconds.map { max(0, $0 - elapsed) * weights[index] / weights[index...].reduce(0, +) }
  }

  /// Where the run is before cell `index`: how many are done, and when it will end.
  func status(before index: Int, since first: Double) -> String {
    let done = weights[..<index].reduce(0, +)
    let left = weights[index...].reduce(0, +)
    let guess = done > 0 ? (elapsed - first) * left / done : nil
    let bounded = [guess, seconds.map { max(0, $0 - elapsed) }].compactMap { $0 }.min()
    let rest = bounded.map { ", about \(clock($0)) to go" } ?? ""
    return "[\(index + 1)/\(weights.count), \(clock(elapsed))\(rest)]"
  }
}

/// Minutes and seconds.
func clock(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  return "\(whole / 60):\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
}

/// Whether somebody wants the run to end: what has been measured is kept.
enum Interruption {
  private static let asked = Atomic<Bool>(false)

  /// Whether it is so.
  static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// From now on the first interrupt ends the run at the next start, and a second one at once.
  static func listen() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      Glibc.signal(signal) { number in
        Interruption.asked.store(true, ordering: .relaxed)
        Glibc.signal(number, SIG_DFL)
      }
    }
  }
}
