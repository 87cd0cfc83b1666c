internal import CLinux

/// The start of a program before there is an interpreter: what it will read is brought into the page
/// cache by a process of its own, which the program never sees.
public struct Boot {
  /// What tells the hook which record is this program's; empty where there is to be none.
  public private(set) var mark: [UInt8] = []
  private var record: [UInt8] = []

  /// Finds the record of a program.
  ///
  /// `home` and `below` say where profiles are kept, as `ProfileSettings` does.
  public init(
    _ command: [[UInt8]], interpreter: [UInt8], variables: [[UInt8]], home: [UInt8],
    below: [[UInt8]], isRead: Bool
  ) {
    guard getuid() == geteuid(), getgid() == getegid(), home.first == PathBytes.slash,
      let digits = BootKey.digits(command, interpreter: interpreter, variables: variables)
    else { return }
    mark = digits + [UInt8(ascii: ":")] + Decimal.digits(of: Int(getpid()))
    guard isRead,
      let directory = try? PrivateDirectory(home: home, below: below, mayCreate: false),
      let (bytes, _) = try? directory.read(BootKey.fileName(digits), limit: Profile.mostBytes)
    else { return }
    record = bytes
  }

  /// The digits that `mark` holds if it was made by the process that this one was.
  public static func digits(inMark mark: [UInt8]) -> [UInt8]? {
    let digits = Array(mark.prefix(16))
    guard BootKey.isValid(digits),
      mark.dropFirst(16).elementsEqual([UInt8(ascii: ":")] + Decimal.digits(of: Int(getpid())))
    else { return nil }
    return digits
  }

  /// Starts to read what the program will, if any of it is not in the page cache; waits for none of it.
  public func begin() {
    guard !record.isEmpty, let found = BootRecord(record), BootProbe.isCold(found),
      Self.mayLeaveChild
    else { return }
    // The process that reads is nobody's child by the time there is a program: its parent has ended.
    let program = ProcessThreads(of: getpid())
    let child = importahead_fork()
    if child == 0 {
      if importahead_fork() == 0 { Self.work(found, before: program) }
      _exit(0)
    }
    var status: Int32 = 0
    while child > 0, unsafe waitpid(child, &status, 0) < 0, importahead_errno() == EINTR {}
    // This process touches these next: a page fault that came first would have the device's whole
    // read-ahead window read, megabytes on some, and wait for a page in its middle.
    BootWork(found.interpreter).perform(threads: 1)
  }

  /// Whether somebody else takes care of a process whose parent has ended.
  private static var mayLeaveChild: Bool {
    var isReaper: Int32 = 0
    let result = unsafe importahead_get_child_subreaper(&isReaper)
    return result == 0 && isReaper == 0 && getpid() != 1
  }

  private static func work(_ record: BootRecord, before program: ProcessThreads) -> Never {
    _ = setsid()
    // Whoever waits for the end of the program's output must not wait for us.
    try? Thread.enterPrivateDescriptorTable()
    _ = unsafe chdir("/")
    BootWork(record, before: program).perform()
    _exit(0)
  }
}
