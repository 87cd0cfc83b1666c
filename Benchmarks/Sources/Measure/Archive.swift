/// One measured start of a program.
public struct Sample: Codable, Sendable {
  /// Which repetition it was.
  public var round: Int
  /// From the first process started to the exit of the program, in seconds.
  public var seconds: Double
  /// User CPU seconds of every process involved.
  public var user: Double
  /// System CPU seconds of every process involved.
  public var system: Double
  /// Peak resident memory of the largest process, in kilobytes.
  public var peakKilobytes: Int
  /// Requests of the importing thread that reached the slow file system, by operation.
  public var importing: [String: Int]?
  /// All requests that reached the slow file system, by operation.
  public var requests: [String: Int]?
  /// Pages of files that the kernel had thrown away and read again, on the whole machine; behind a slow
  /// file system without those that came from the disk below it.
  public var refaults: Int?

  /// Records a start.
  public init(
    round: Int, seconds: Double, user: Double, system: Double, peakKilobytes: Int,
    importing: [String: Int]? = nil, requests: [String: Int]? = nil
  ) {
    (self.round, self.seconds, self.user, self.system) = (round, seconds, user, system)
    (self.peakKilobytes, self.importing, self.requests) = (peakKilobytes, importing, requests)
  }

  /// CPU seconds, user and system.
  public var cpu: Double { user + system }
}

/// All starts of one program on one storage by one contestant.
public struct Series: Codable, Sendable {
  /// The contestant's identifier, for instance `stock`.
  public var contestant: String
  /// The contestant's name in tables.
  public var title: String
  /// Why there are no samples, when there are none.
  public var absent: String?
  /// The measured starts.
  public var samples: [Sample] = []
  /// System calls of the importing thread, from a traced run that was not timed.
  public var importingCalls: Int?
  /// System calls of all threads and processes of that run.
  public var allCalls: Int?
  /// What `IMPORTAHEAD_STATS` reported in a run that was not timed.
  public var statistics: [String: Scalar]?

  /// Starts an empty series.
  public init(contestant: String, title: String, absent: String? = nil) {
    (self.contestant, self.title, self.absent) = (contestant, title, absent)
  }
}

/// A program on a storage: the unit within which contestants are interleaved.
public struct Cell: Codable, Sendable {
  /// What the cell is drawn in: `bars`, `modules`, `latency`.
  public var figure: String
  /// The program's identifier.
  public var workload: String
  /// The program's name in tables.
  public var title: String
  /// The storage's identifier: `local-cold`, `local-warm`, `slow-1ms`.
  public var storage: String
  /// The storage in words, with what it leaves warm.
  public var storageTitle: String
  /// The swept quantity: number of modules, or milliseconds of latency.
  public var parameter: Double?
  /// How many modules the program loads.
  public var modules: Int?
  /// Starts that were made again because the kernel threw pages away in them.
  public var repeats: Int?
  /// One series per contestant.
  public var series: [Series] = []

  /// Starts an empty cell.
  public init(
    figure: String, workload: String, title: String, storage: String, storageTitle: String,
    parameter: Double? = nil
  ) {
    (self.figure, self.workload, self.title) = (figure, workload, title)
    (self.storage, self.storageTitle, self.parameter) = (storage, storageTitle, parameter)
  }
}

/// A whole run, as archived.
public struct Archive: Codable, Sendable {
  /// The version of this layout.
  public var format = 1
  /// The run's name.
  public var name: String
  /// When it began, ISO 8601.
  public var date: String
  /// The command that made it.
  public var command: [String]
  /// Machine, kernel, file system, versions.
  public var machine: [String: String]
  /// The cells in the order they were measured.
  public var cells: [Cell] = []

  /// What a reader should know about the run: what was left out, and why.
  public var notes: [String]?

  /// Starts an empty archive.
  public init(name: String, date: String, command: [String], machine: [String: String]) {
    (self.name, self.date, self.command, self.machine) = (name, date, command, machine)
  }
}

/// A JSON value without parts.
public enum Scalar: Codable, Sendable, Equatable {
  case number(Double)
  case text(String)
  case other

  /// Reads a number, a text, or anything else as `other`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else {
      self = .other
    }
  }

  /// Writes the value; `other` becomes null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .other: try container.encodeNil()
    }
  }

  /// The number, when it is one.
  public var number: Double? { if case .number(let number) = self { number } else { nil } }
}
