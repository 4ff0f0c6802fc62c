// SPDX-License-Identifier: Apache-2.0

/// What conntrack says of a packet, and how many connections its source has.
public struct Tracking: Sendable, Hashable {
  /// The states that rules can ask for, and what ND messages are.
  public enum State: UInt8, Sendable, Hashable, CaseIterable {
    case new, established, related, invalid, untracked
  }

  /// Which end of the connection sent the packet: the one that began it, or the other.
  public enum Side: UInt8, Sendable, Hashable, CaseIterable {
    case original, reply
  }

  public var state: State
  public var side: Side
  /// Connections of the packet's source, this one included, as connlimit counts them.
  public var connections: Int

  public init(state: State, side: Side, connections: Int = 1) {
    self.state = state
    self.side = side
    self.connections = connections
  }

  /// The first packet of a connection.
  public static let first = Tracking(state: .new, side: .original)
  /// The answer to it.
  public static let answer = Tracking(state: .established, side: .reply)
}
