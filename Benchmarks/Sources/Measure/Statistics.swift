import Foundation

/// What a set of repeated measurements amounts to.
public struct Spread: Codable, Equatable, Sendable {
  /// How many measurements there were.
  public let count: Int
  /// The smallest measurement.
  public let minimum: Double
  /// The first quartile.
  public let lower: Double
  /// The median.
  public let median: Double
  /// The third quartile.
  public let upper: Double
  /// The largest measurement.
  public let maximum: Double

  /// Summarises `values`, or returns `nil` when there are none.
  public init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    (count, minimum, maximum) = (sorted.count, first, last)
    lower = quantile(0.25, ofSorted: sorted)
    median = quantile(0.5, ofSorted: sorted)
    upper = quantile(0.75, ofSorted: sorted)
  }

  /// The distance between the quartiles.
  public var interquartileRange: Double { upper - lower }
}

/// A quantile by linear interpolation between neighbours (R's type 7, numpy's default).
public func quantile(_ fraction: Double, ofSorted sorted: [Double]) -> Double {
  guard let first = sorted.first else { return .nan }
  guard sorted.count > 1 else { return first }
  let position = min(max(fraction, 0), 1) * Double(sorted.count - 1)
  let index = min(Int(position), sorted.count - 2)
  return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
}

/// The median of `values`; NaN when there are none.
public func median(_ values: [Double]) -> Double { quantile(0.5, ofSorted: values.sorted()) }

/// The geometric mean of positive `values`; `nil` where there is none, or one that is not positive.
public func geometricMean(_ values: [Double]) -> Double? {
  guard !values.isEmpty, values.allSatisfy({ $0 > 0 }) else { return nil }
  return exp(values.map { log($0) }.reduce(0, +) / Double(values.count))
}

/// A ratio with a 95 % confidence interval.
public struct Ratio: Codable, Equatable, Sendable {
  /// The ratio of the medians.
  public let value: Double
  /// The interval's lower end.
  public let low: Double
  /// The interval's upper end.
  public let high: Double

  /// Estimates `median(ours) / median(theirs)` by the percentile bootstrap.
  ///
  /// Both sides are resampled independently, `resamples` times, from a generator seeded with
  /// `seed`. Returns `nil` when a side is empty or the medians do not divide.
  public init?(_ ours: [Double], to theirs: [Double], resamples: Int = 4000, seed: UInt64 = 1) {
    guard !ours.isEmpty, !theirs.isEmpty, median(theirs) > 0 else { return nil }
    var generator = SplitMix64(seed: seed)
    var ratios: [Double] = []
    ratios.reserveCapacity(resamples)
    for _ in 0..<resamples {
      let below = median(generator.resample(theirs))
      if below > 0 { ratios.append(median(generator.resample(ours)) / below) }
    }
    ratios.sort()
    value = median(ours) / median(theirs)
    low = quantile(0.025, ofSorted: ratios)
    high = quantile(0.975, ofSorted: ratios)
  }
}

/// What a comparison with stock shows.
public enum Verdict: String, Codable, Sendable {
  case faster
  case slower
  case same = "no difference shown"
  case noisy = "too noisy"
  case few = "too few runs"

  /// Decides from the interval alone; an interval wider than a third of the ratio decides nothing
  /// unless it lies wholly on one side of 1.
  public init(_ ratio: Ratio, runs: Int) {
    self =
      if runs < 3 {
        .few
      } else if ratio.high < 1 {
        .faster
      } else if ratio.low > 1 {
        .slower
      } else if ratio.high - ratio.low > ratio.value / 3 {
        .noisy
      } else {
        .same
      }
  }
}

/// The share of a cold start's penalty that is gone; `nil` when there was no penalty to speak of.
///
/// 1 means as fast as a warm start, 0 means no better than stock, negative means worse.
public func penaltyRemoved(cold: Double, warm: Double, ours: Double) -> Double? {
  let penalty = cold - warm
  return penalty > 0.02 * cold ? (cold - ours) / penalty : nil
}

/// A small generator whose runs repeat.
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// Starts a sequence.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits of the sequence.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  mutating func resample(_ values: [Double]) -> [Double] {
    values.indices.map { _ in values[Int.random(in: 0..<values.count, using: &self)] }
  }
}
