/// A place in the order in which evaluation will ask for modules.
struct OrderPlace: Equatable {
  fileprivate let index: Int
}

/// A list of places that can be compared and inserted between.
///
/// Evaluation walks the imports depth first: what a module imports comes right after the module and
/// before whatever its importer imports next. Labels are spread over 64 bits, so that comparing is
/// one comparison of numbers; when a gap is used up, those around it are spread anew (Bender et al., Two
/// Simplified Algorithms for Maintaining Order in a List, 2002).
struct ImportOrder {
  private struct Link {
    var label: UInt64
    var previous: Int
    var next: Int
  }

  /// Linked by index; the first is the place before everything.
  private var links = [Link(label: 0, previous: -1, next: -1)]

  private static let stride: UInt64 = 1 << 40

  /// The place before everything.
  var start: OrderPlace { OrderPlace(index: 0) }

  /// Whether `left` comes before `right`.
  func isBefore(_ left: OrderPlace, _ right: OrderPlace) -> Bool {
    links[left.index].label < links[right.index].label
  }

  /// Makes a place right after `place`.
  ///
  /// - Complexity: O(log count), taken over all insertions.
  mutating func insert(after place: OrderPlace) -> OrderPlace {
    links.append(Link(label: 0, previous: -1, next: -1))
    let made = OrderPlace(index: links.count &- 1)
    link(made.index, after: place.index)
    return made
  }

  /// Moves a place to right after `other`.
  mutating func move(_ place: OrderPlace, after other: OrderPlace) {
    guard place != other, place != start else { return }
    let (previous, next) = (links[place.index].previous, links[place.index].next)
    links[previous].next = next
    if next >= 0 { links[next].previous = previous }
    link(place.index, after: other.index)
  }

  private mutating func link(_ index: Int, after other: Int) {
    var label = label(after: other)
    if label == nil {
      spread(around: other)
      label = self.label(after: other)
    }
    let next = links[other].next
    links[index] = Link(label: label ?? links[other].label, previous: other, next: next)
    if next >= 0 { links[next].previous = index }
    links[other].next = index
  }

  private func label(after index: Int) -> UInt64? {
    let next = links[index].next
    let gap = (next >= 0 ? links[next].label : UInt64.max) &- links[index].label
    return gap > 1 ? links[index].label &+ min(gap / 2, Self.stride) : nil
  }

  /// Spreads the labels around one over the smallest range in which they are few: the larger the range,
  /// the thinner, so that it is filled again only after so many insertions.
  private mutating func spread(around index: Int) {
    var (first, last, count) = (index, index, 1)
    // Four thirds to the power of the bits, in fixed point.
    var most = UInt64(1) << 16
    for bits in 1..<UInt64(UInt64.bitWidth) {
      let size = UInt64(1) << bits
      let low = links[index].label & ~(size &- 1)
      while links[first].previous >= 0, links[links[first].previous].label >= low {
        first = links[first].previous
        count &+= 1
      }
      while links[last].next >= 0, links[links[last].next].label &- low < size {
        last = links[last].next
        count &+= 1
      }
      most = most &* 4 / 3
      let step = size / UInt64(count)
      guard step >= 4, UInt64(count) << 16 <= most else { continue }
      return label(from: first, to: last, low, step)
    }
  }

  private mutating func label(from first: Int, to last: Int, _ low: UInt64, _ step: UInt64) {
    var (index, label) = (first, low)
    while true {
      links[index].label = label
      label &+= step
      if index == last { return }
      index = links[index].next
    }
  }
}
