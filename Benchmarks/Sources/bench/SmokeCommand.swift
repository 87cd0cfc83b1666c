import ArgumentParser
import Foundation
import Measure

/// `bench smoke`: a check of counts alone, for machines whose clocks mean nothing.
struct SmokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "smoke",
    abstract: "Check counts that do not depend on speed; fails when one is off.")

  @OptionGroup var setting: Setting

  @Option(help: "The file of limits.")
  var limits: String?

  /// The most, or the least, that a count may be.
  struct Limits: Decodable {
    /// Waited requests of the importing thread, over stock's.
    let importingShare: Double
    /// The same where the launcher asks ahead for what the interpreter looks for.
    let launcherShare: Double
    /// System calls of the importing thread, over stock's, everything warm.
    let callShare: Double
    /// Files of a profile that were needed, over those it names.
    let profileShare: Double
    /// Modules served from the cache, over those loaded.
    let hitShare: Double
    /// Bytes fetched and never used, over bytes fetched.
    let unusedShare: Double
  }

  mutating func run() throws {
    Namespace.enter()
    let path = limits ?? Setting.home + "/smoke.json"
    let limits = try JSONDecoder().decode(
      Limits.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    let workshop = try setting.workshop()
    let ground = Groundwork(try workshop.program(.cli), try setting.paddock(workshop))
    let meeting = Meeting(
      ground: ground, storage: .slow(latency: "1ms", timeouts: "nfs"),
      contestants: [.stock, .ioUring, .threads, .ioUringLearned, .threadsLearned, .launcher],
      budget: Budget(rounds: 3, seconds: 60), turnstile: Turnstile(nil, seconds: 0),
      detailed: true, traces: 5)
    let cell = try meeting.hold(figure: "smoke")
    var failures = 0
    for series in cell.series.dropFirst() {
      for check in checks(series, cell.series[0], limits) {
        print("\(check.holds ? "ok  " : "FAIL") \(series.title): \(check.text)")
        if !check.holds { failures += 1 }
      }
    }
    if failures > 0 { throw ExitCode(1) }
  }

  private struct Check {
    let text: String
    let holds: Bool
  }

  private func checks(_ ours: Series, _ stock: Series, _ limits: Limits) -> [Check] {
    if let absent = ours.absent ?? stock.absent { return [Check(text: absent, holds: false)] }
    let waited = { (series: Series) in
      median(
        series.samples.compactMap(\.importing).map { counts in
          Double(counts.filter { !$0.key.hasPrefix("release") }.map(\.value).reduce(0, +))
        })
    }
    let contestant = Contestant(rawValue: ours.contestant)
    var checks = [
      share(
        "requests the importing thread waits for", waited(ours), waited(stock),
        contestant?.hasLauncher == true ? limits.launcherShare : limits.importingShare)
    ]
    if let calls = ours.importingCalls, let theirs = stock.importingCalls {
      checks.append(
        share(
          "system calls of the importing thread", Double(calls), Double(theirs), limits.callShare))
    } else {
      checks.append(Check(text: "system calls: nothing can be traced here", holds: true))
    }
    let number = { (key: String) in ours.statistics?[key]?.number }
    if let hits = number("hits"), let misses = number("misses") {
      let hitShare = hits / max(1, hits + misses)
      checks.append(
        Check(
          text: "hits \(fixed(hits, 0)), misses \(fixed(misses, 0)), waits "
            + "\(fixed(number("waits") ?? 0, 0)): share \(fixed(hitShare, 2)), at least \(limits.hitShare)",
          holds: hitShare >= limits.hitShare))
    } else {
      checks.append(Check(text: "no statistics", holds: false))
    }
    if let fetched = number("files_fetched"), let unused = number("files_unused") {
      checks.append(share("files fetched in vain", unused, fetched, limits.unusedShare))
    }
    if contestant?.isLearned == true {
      let (named, used) = (number("profile_files") ?? 0, number("profile_used") ?? 0)
      let share = used / max(1, named)
      checks.append(
        Check(
          text: "files of the profile that were needed: \(fixed(used, 0)) of \(fixed(named, 0)), "
            + "share \(fixed(share, 2)), at least \(limits.profileShare)",
          holds: share >= limits.profileShare))
    }
    return checks
  }

  private func share(_ name: String, _ ours: Double, _ theirs: Double, _ limit: Double) -> Check {
    let share = ours / max(1, theirs)
    return Check(
      text:
        "\(name): \(fixed(ours, 0)) of \(fixed(theirs, 0)), share \(fixed(share, 2)), at most \(limit)",
      holds: share <= limit)
  }
}
