/// A table whose cells are already text, for terminals and for Markdown.
public struct Table: Sendable {
  /// The columns' names.
  public var header: [String]
  /// The lines.
  public var lines: [[String]]

  /// The table of one cell.
  public init(_ cell: Cell) {
    let rows = Row.rows(of: cell)
    let slow = rows.contains { $0.importing != nil }
    header = ["", "median", "quartiles", "vs stock", "95 % CI", "penalty removed", "CPU", "peak"]
    header += [slow ? "waited requests" : "system calls", "n", ""]
    lines = rows.map { row in
      guard let seconds = row.seconds else {
        return [row.title, "absent: " + (row.absent ?? "not measured")]
          + [String](repeating: "", count: 9)
      }
      return [
        row.title, duration(seconds.median),
        "\(duration(seconds.lower))–\(duration(seconds.upper))",
        row.ratio.map { times($0.value) } ?? "",
        row.ratio.map { "\(times($0.low))–\(times($0.high))" } ?? "",
        row.removed.map { "\(Int(($0 * 100).rounded())) %" } ?? "",
        row.cpu.map(duration) ?? "", row.megabytes.map { "\(Int($0.rounded())) MB" } ?? "",
        (slow ? row.importing.map { "\(Int($0))" } : row.calls.map { "\($0)" }) ?? "",
        "\(seconds.count)", row.verdict?.rawValue ?? "",
      ]
    }
  }

  /// A table of a thread's mean times, in milliseconds: title, number of starts, the times.
  ///
  /// What nobody waited for has no column.
  public init(means: [(title: String, count: Int, time: ThreadTime)]) {
    let causes = ThreadTime.Cause.allCases.filter { cause in
      means.contains { ($0.time.blocked[cause] ?? 0) >= 0.00005 }
    }
    header = ["ms", "in all", "runs", "no processor"] + causes.map(\.rawValue)
    header += ["sleeps", "n", ""]
    lines = means.map { title, count, time in
      let parts = [time.seconds, time.running, time.queued] + causes.map { time.blocked[$0] ?? 0 }
      return [title] + parts.map { fixed($0 * 1000, 1) }
        + ["\(time.sleeps.values.reduce(0, +))", "\(count)", ""]
    }
  }

  /// The table with aligned columns.
  public var text: String {
    let table = [header] + lines
    let widths = header.indices.map { column in
      // An absence spans its line and must not stretch a column.
      table.filter { column != 1 || !$0[1].hasPrefix("absent") }.map { $0[column].count }.max() ?? 0
    }
    return table.map { line in
      line.enumerated().map { column, cell in
        let space = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return column == 0 || column == line.count - 1 || cell.hasPrefix("absent")
          ? cell + space : space + cell
      }
      .joined(separator: "  ").trimmedAtEnd
    }
    .joined(separator: "\n")
  }

  /// The table as GitHub reads it.
  public var markdown: String {
    let rule = header.indices.map { $0 == 0 || $0 == header.count - 1 ? "---" : "---:" }
    return ([header, rule] + lines).map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
  }
}

/// Seconds in a unit a reader can compare: `3.21 s`, `45.6 ms`.
public func duration(_ seconds: Double) -> String {
  seconds >= 1 ? "\(fixed(seconds, 2)) s" : "\(fixed(seconds * 1000, seconds >= 0.1 ? 0 : 1)) ms"
}

/// A ratio: `0.42x`.
public func times(_ ratio: Double) -> String { fixed(ratio, 2) + "x" }

/// A number with `places` decimals.
public func fixed(_ value: Double, _ places: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
  let scale = (0..<places).reduce(1.0) { power, _ in power * 10 }
  let scaled = Int((abs(value) * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard places > 0 else { return sign + "\(scaled)" }
  let digits = String(scaled)
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
}

extension String {
  fileprivate var trimmedAtEnd: String {
    var end = endIndex
    while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
    return String(self[..<end])
  }
}
