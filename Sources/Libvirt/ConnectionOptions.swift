// SPDX-License-Identifier: Apache-2.0

/// How a connection is opened and how long its calls may take.
public struct ConnectionOptions: Hashable, Sendable {
  /// Messages that show whether an idle or slow peer is still there.
  public struct KeepAlive: Hashable, Sendable {
    /// Seconds between two messages.
    public var interval: Int32
    /// Unanswered messages after which the connection is cut.
    public var count: UInt32

    /// Cuts the connection after `interval` × (`count` + 1) seconds of silence.
    public init(interval: Int32, count: UInt32) {
      self.interval = interval
      self.count = count
    }
  }

  /// How long opening may take: libvirt itself would wait for ever for a daemon that hangs.
  public var openDeadline: Duration
  /// How long a read may take, a bulk read as a whole.
  public var readDeadline: Duration
  /// Threads of a bulk read; nil means as many as the round trip asks for: 16, and 64 from 2 ms on.
  public var readers: Int?
  /// Keepalive; needs `EventLoop.start()` before the first connection.
  public var keepAlive: KeepAlive?

  /// Options, with defaults for a one-shot command.
  public init(
    openDeadline: Duration = .seconds(10), readDeadline: Duration = .seconds(30), readers: Int? = nil,
    keepAlive: KeepAlive? = nil
  ) {
    self.openDeadline = openDeadline
    self.readDeadline = readDeadline
    self.readers = readers
    self.keepAlive = keepAlive
  }
}
