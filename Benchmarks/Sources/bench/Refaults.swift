import Foundation
import Measure

/// Pages of files that the kernel had thrown away and read again, since the machine started.
///
/// Some systems page out all the time what seems unused, short of memory or not (DAMON's `pageout`, Linux
/// 5.16), and a page that was read ahead and is not mapped yet seems so. A start that this falls into is
/// neither cold nor warm, and says nothing about who started it.
struct Refaults {
  /// The pages, as /proc/vmstat counts them (`workingset_refault_file`; before Linux 5.9
  /// `workingset_refault`, memory that was swapped out included).
  let pages: Int
  /// What was read from disks, in units of 4 KiB (`pgpgin`).
  let fromDisks: Int

  /// The count now; `nil` where the kernel keeps none.
  static var now: Refaults? {
    (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)).flatMap(Refaults.init)
  }

  /// Reads the lines of /proc/vmstat.
  init?(_ text: String) {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    let count = { (name: String) -> Int? in
      lines.first { $0.first?.elementsEqual(name) == true }?.last.flatMap { Int($0) }
    }
    guard let pages = count("workingset_refault_file") ?? count("workingset_refault") else {
      return nil
    }
    (self.pages, fromDisks) = (pages, (count("pgpgin") ?? 0) / 4)
  }

  /// The pages read again since `before`: all of them, or those that did not come from a disk.
  ///
  /// Behind a slow mount lies the source, which is read from its disk again while the latency passes.
  func since(_ before: Refaults, slow: Bool) -> Int {
    let all = pages - before.pages
    return slow ? max(0, all - (fromDisks - before.fromDisks)) : all
  }
}

extension Sample {
  /// Whether so many pages had to be read twice that the time is not the contestant's own.
  ///
  /// 8 pages, and 16 more a second, are a hundredth or two of a start where each costs a request of
  /// 1 ms, and nothing where it costs a disk's 0.1 ms.
  var isDisturbed: Bool { (refaults ?? 0) > 8 + Int(16 * seconds) }
}

/// Makes a start again, a few times, until it is not disturbed.
///
/// Returns the start with the fewest pages read twice, and how many others there were.
func undisturbed<Outcome>(
  _ start: () throws -> Outcome, sample: (Outcome) -> Sample
) rethrows -> (outcome: Outcome, repeats: Int) {
  var best = try start()
  var repeats = 0
  while sample(best).isDisturbed, repeats < 4 {
    repeats += 1
    let next = try start()
    if sample(next).refaults ?? 0 < sample(best).refaults ?? 0 { best = next }
  }
  return (best, repeats)
}
