import Testing

@testable import Measure

@Suite("Statistics")
struct StatisticsTests {
  @Test("quantiles interpolate between neighbours, as numpy's do")
  func quantiles() throws {
    let spread = try #require(Spread([4, 1, 3, 2]))
    #expect(spread.lower == 1.75 && spread.median == 2.5 && spread.upper == 3.25)
    #expect(spread.minimum == 1 && spread.maximum == 4 && spread.count == 4)
    #expect(Spread([]) == nil)
    #expect(Spread([7])?.median == 7)
  }

  @Test("a geometric mean treats twice and half alike, and knows no mean of nothing")
  func geometric() throws {
    let mean = try #require(geometricMean([0.5, 2, 1]))
    #expect(abs(mean - 1) < 1e-9)
    #expect(geometricMean([]) == nil && geometricMean([1, 0]) == nil)
  }

  @Test("a clear difference has an interval on one side of 1, around the ratio of the medians")
  func clearDifference() throws {
    let stock = (0..<12).map { 1.0 + Double($0) * 0.01 }
    let ratio = try #require(Ratio(stock.map { $0 / 2 }, to: stock))
    #expect(abs(ratio.value - 0.5) < 1e-9)
    #expect(ratio.low < 0.5 && ratio.high > 0.5 && ratio.high < 0.6)
    #expect(Verdict(ratio, runs: 12) == .faster)
    #expect(Verdict(ratio, runs: 2) == .few)
    let inverse = try #require(Ratio(stock, to: stock.map { $0 / 2 }))
    #expect(Verdict(inverse, runs: 12) == .slower)
  }

  @Test("noise that hides the answer is called noise, agreement is not")
  func noise() throws {
    let noisy = try #require(Ratio([1, 5, 2, 9, 1], to: [2, 1, 8, 1, 6]))
    #expect(Verdict(noisy, runs: 5) == .noisy)
    let steady = [1.0, 1.01, 0.99, 1.02, 0.98]
    let same = try #require(Ratio(steady, to: steady))
    #expect(Verdict(same, runs: 5) == .same)
  }

  @Test("the interval repeats, and covers the truth about as often as it claims")
  func coverage() throws {
    var generator = SplitMix64(seed: 42)
    var covered = 0
    for _ in 0..<100 {
      let draw = { (_: Int) in Double.random(in: 0.9...1.1, using: &generator) }
      let (ours, theirs) = ((0..<15).map(draw), (0..<15).map(draw))
      let ratio = try #require(Ratio(ours, to: theirs, resamples: 400))
      #expect(ratio == Ratio(ours, to: theirs, resamples: 400))
      if ratio.low <= 1, ratio.high >= 1 { covered += 1 }
    }
    #expect((85...100).contains(covered), "\(covered) of 100")
  }

  @Test("nothing can be compared with nothing, or with zero")
  func degenerate() {
    #expect(Ratio([], to: [1]) == nil)
    #expect(Ratio([1], to: []) == nil)
    #expect(Ratio([1], to: [0]) == nil)
  }

  @Test("the removed share is 1 at warm speed, 0 at stock's, negative when worse")
  func penalty() {
    #expect(penaltyRemoved(cold: 3, warm: 1, ours: 1) == 1)
    #expect(penaltyRemoved(cold: 3, warm: 1, ours: 3) == 0)
    #expect(penaltyRemoved(cold: 3, warm: 1, ours: 4) == -0.5)
    #expect(penaltyRemoved(cold: 1, warm: 0.99, ours: 1) == nil)
  }
}
