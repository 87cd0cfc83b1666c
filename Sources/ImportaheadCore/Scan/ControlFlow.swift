/// Which parts of one code object are evaluated always, sometimes, or only after an exception.
///
/// Flow is counted: a full measure enters, an undecided branch splits it, and where branches meet
/// again it adds up. What carries the full measure runs whenever the code completes.
struct ControlFlow {
  /// Whether a `try` statement has a handler, so that events need sorting.
  private(set) var hasHandlers = false
  private let isStraight: Bool
  private var flags: [UnitFlags]
  private var measure: [UInt64]
  /// For each unit of a handler: the number of the `try` body it answers for.
  private var answersFor: [Int32] = []
  /// For the unit after a `try` body that has an `else` clause: where the handlers join, or -1.
  private var join: [Int32] = []
  /// For each handler: the unit after the `try` body.
  private var bodyEnd: [Int32] = []
  /// The handler of each `try` body, and the number of the first.
  private var handlers: [Int32] = []
  private var first = 1
  /// Whether a `raise` in a `try` body leads on to the handler, because nothing else completes.
  private var followsRaise = false

  private static var full: UInt64 { 1 << 62 }

  /// A flow through `frame`, not yet computed.
  init(_ frame: CodeFrame) {
    isStraight = !frame.hasBranches
    flags = frame.flags
    measure = isStraight ? [] : [UInt64](repeating: 0, count: frame.flags.count)
  }

  /// Numbers the `try` bodies of `frame` from `attempts` on and places what handlers evaluate.
  mutating func number(
    _ frame: inout CodeFrame, after attempts: inout Int, _ budget: inout ScanBudget
  ) {
    guard !frame.regions.isEmpty, budget.spend(2 &* flags.count &+ frame.regions.count) else {
      return
    }
    let base = attempts
    var number = [Int32](repeating: 0, count: flags.count)
    var end = [Int32](repeating: 0, count: flags.count)
    for index in frame.regions.indices where frame.regions[index].isTry {
      let region = frame.regions[index]
      guard flags[region.start].contains(.reached) else { continue }
      if number[region.handler] == 0 {
        attempts &+= 1
        number[region.handler] = Int32(truncatingIfNeeded: attempts)
        hasHandlers = true
      }
      frame.regions[index].attempt = Int(number[region.handler])
      end[region.handler] = max(end[region.handler], Int32(truncatingIfNeeded: region.end))
    }
    bodyEnd = end
    handlers = [Int32](repeating: 0, count: attempts &- base)
    for handler in number.indices where number[handler] > 0 {
      handlers[Int(number[handler]) &- base &- 1] = Int32(truncatingIfNeeded: handler)
    }
    first = base &+ 1
  }

  /// Computes the flow, as far as the budget reaches.
  mutating func run(_ frame: CodeFrame, _ budget: inout ScanBudget) {
    guard !isStraight, !flags.isEmpty else { return }
    markCompleting(frame, &budget)
    markNormal(frame, &budget)
    if hasHandlers { markHandlers(frame, &budget) }
    pour(frame, &budget)
  }

  /// How sure it is that `unit` is evaluated.
  func certainty(at unit: Int, _ frame: CodeFrame) -> ImportCertainty {
    var certainty = ImportCertainty()
    guard !isStraight else { return certainty }
    if let region = frame.tryRegion(around: unit) {
      certainty.attempt = frame.regions[region].attempt
    }
    if !flags[unit].contains(.reached) {
      certainty.kind = .never
    } else if flags[unit].contains(.normal) {
      certainty.kind = measure[unit] == Self.full ? .eager : .conditional
    } else if !answersFor.isEmpty, answersFor[unit] > 0 {
      certainty.kind = .fallback
      certainty.fallbackOf = Int(answersFor[unit])
    } else {
      certainty.kind = .conditional
    }
    return certainty
  }

  /// Where evaluation meets `unit`: a handler's code comes after the `try` body, wherever it stands.
  func order(of unit: Int) -> Int {
    guard !answersFor.isEmpty else { return unit }
    var place = unit
    for _ in 0..<16 {
      let index = Int(answersFor[place]) &- first
      guard index >= 0, index < handlers.count else { return place }
      place = max(0, Int(bodyEnd[Int(handlers[index])]) &- 1)
    }
    return place
  }

  /// Where evaluation may go from `unit`: to the next one, and by a jump.
  private func successors(of unit: Int, _ frame: CodeFrame) -> (next: Int?, jump: Int?) {
    let next = flags[unit].contains(.falls) && unit &+ 1 < flags.count ? unit &+ 1 : nil
    if followsRaise, frame.instructions[unit].operation == .raise,
      let region = frame.tryRegion(around: unit)
    {
      return (nil, frame.regions[region].handler)
    }
    return (next, frame.jumps[unit] >= 0 ? Int(frame.jumps[unit]) : nil)
  }

  private func completes(_ unit: Int?) -> Int? {
    guard let unit, flags[unit].contains(.completes) else { return nil }
    return unit
  }

  /// Finds the units from which a normal return can be reached.
  private mutating func markCompleting(_ frame: CodeFrame, _ budget: inout ScanBudget) {
    for attempt in 0..<2 {
      followsRaise = attempt > 0
      for _ in 0..<4 where budget.spend(flags.count) {
        var changed = false
        for unit in flags.indices.reversed() where flags[unit].isDisjoint(with: .completes) {
          let to = successors(of: unit, frame)
          guard flags[unit].contains(.reached),
            flags[unit].contains(.returns) || completes(to.next) ?? completes(to.jump) != nil
          else { continue }
          flags[unit].insert(.completes)
          changed = true
        }
        if !changed { break }
      }
      if flags[0].contains(.completes) { return }
    }
    // Nothing returns: then nothing is ruled out by not returning.
    for unit in flags.indices { flags[unit].insert(.completes) }
  }

  private mutating func markNormal(_ frame: CodeFrame, _ budget: inout ScanBudget) {
    flags[0].insert(.normal)
    for _ in 0..<2 where budget.spend(flags.count) {
      for unit in flags.indices where flags[unit].contains(.normal) {
        let to = successors(of: unit, frame)
        if let next = completes(to.next) { flags[next].insert(.normal) }
        if let jump = completes(to.jump) { flags[jump].insert(.normal) }
      }
    }
  }

  /// Finds what runs only after an exception, and where that meets the normal flow again.
  private mutating func markHandlers(_ frame: CodeFrame, _ budget: inout ScanBudget) {
    // A unit answers for one body at most, so that it is gone over once.
    guard budget.spend(2 &* flags.count), budget.spend(sorting: frame.regions.count) else { return }
    answersFor = [Int32](repeating: 0, count: flags.count)
    join = [Int32](repeating: -1, count: flags.count)
    // By place: an outer handler's code stands before the handlers nested in it.
    for region in frame.regions.sorted(by: { $0.handler < $1.handler }) where region.attempt > 0 {
      guard !flags[region.handler].contains(.normal), answersFor[region.handler] != region.attempt
      else { continue }
      let meets = label(from: region.handler, Int32(truncatingIfNeeded: region.attempt), frame)
      let end = normalExit(of: region, frame)
      if meets > end, end >= 0, end < join.count { join[end] = Int32(truncatingIfNeeded: meets) }
    }
  }

  /// The unit that follows the body of a `try` when nothing was raised.
  private func normalExit(of region: ExceptionRegion, _ frame: CodeFrame) -> Int {
    let end = Int(bodyEnd[region.handler])
    // Until 3.10 the handler stands next, and the body ends with a jump over it.
    guard end == region.handler, end > 0, frame.jumps[end &- 1] >= end else { return end }
    return Int(frame.jumps[end &- 1])
  }

  /// Marks what evaluation reaches from a handler; returns the last place it meets normal flow.
  private mutating func label(from handler: Int, _ attempt: Int32, _ frame: CodeFrame) -> Int {
    var pending = [handler]
    var meets = -1
    while let unit = pending.popLast() {
      if flags[unit].contains(.normal) {
        meets = max(meets, unit)
        continue
      }
      guard answersFor[unit] == 0, flags[unit].contains(.reached) else { continue }
      answersFor[unit] = attempt
      let to = successors(of: unit, frame)
      if let next = to.next { pending.append(next) }
      if let jump = to.jump { pending.append(jump) }
    }
    return meets
  }

  /// Pours the full measure in at the front and lets it run down.
  private mutating func pour(_ frame: CodeFrame, _ budget: inout ScanBudget) {
    guard budget.spend(flags.count) else { return }
    measure[0] = Self.full
    for unit in flags.indices where flags[unit].contains(.normal) {
      if !join.isEmpty, join[unit] > unit {
        let part = split(unit)
        measure[unit] &-= part
        measure[Int(join[unit])] &+= part
      }
      let to = successors(of: unit, frame)
      let next = completes(to.next)
      let jump = completes(to.jump)
      switch (next, jump) {
      case (let next?, let jump?) where jump > unit:
        let part = split(unit)
        measure[next] &+= measure[unit] &- part
        measure[jump] &+= part
      case (let next?, _): measure[next] &+= measure[unit]
      case (nil, let jump?) where jump > unit: measure[jump] &+= measure[unit]
      case (nil, let jump?):
        let exit = loopExit(from: jump, to: unit, frame, &budget)
        if exit < flags.count { measure[exit] &+= measure[unit] }
      default: break
      }
    }
  }

  /// A part of the measure at `unit`, odd enough that parts meet in a sum only by adding up.
  private func split(_ unit: Int) -> UInt64 {
    let whole = measure[unit]
    var mixed = (UInt64(truncatingIfNeeded: unit) &+ 1) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9
    return whole / 4 &+ mixed % max(whole / 4, 1)
  }

  /// Where a loop that jumps back from `end` to `start` goes on when it is done.
  private func loopExit(
    from start: Int, to end: Int, _ frame: CodeFrame, _ budget: inout ScanBudget
  ) -> Int {
    let last = min(end, start &+ 64)
    guard budget.spend(last &- start) else { return end &+ 1 }
    for unit in start..<last where flags[unit].contains(.falls) {
      if frame.jumps[unit] > end { return Int(frame.jumps[unit]) }
    }
    return end &+ 1
  }
}
