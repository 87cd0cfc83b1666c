/// A place in the order in which evaluation will ask for modules.
struct OrderPlace: Equatable {
  fileprivate let index: Int
}

/// A list of places that can be compared and inserted between.
///
/// Evaluation walks the imports depth first: what a module imports comes right after the module and
/// before whatever its importer imports next. Labels are spread over 64 bits, so that comparing is
/// one comparison of numbers; when a gap is used up, all are spread anew.
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
  /// - Complexity: O(1), but for one walk over all places per forty or so insertions at one spot.
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
      spread()
      label = self.label(after: other)
    }
    let next = links[other].next
    links[index] = Link(label: label ?? links[other].label, previous: other, next: next)
    if next >= 0 { links[next].previous = index }
    links[other].next = index
  }

  private func label(after index: Int) -> UInt64? {
    let next = links[index].next
    guard next >= 0 else {
      let (label, overflow) = links[index].label.addingReportingOverflow(Self.stride)
      return overflow ? nil : label
    }
    let gap = links[next].label &- links[index].label
    return gap > 1 ? links[index].label &+ gap / 2 : nil
  }

  private mutating func spread() {
    let step = UInt64.max / UInt64(links.count &+ 2)
    var label: UInt64 = 0
    var index = 0
    while index >= 0 {
      links[index].label = label
      label &+= step
      index = links[index].next
    }
  }
}
