// SPDX-License-Identifier: Apache-2.0

/// What the port fields of a packet hold, by its protocol.
public enum PortUse: Sendable, Hashable {
  /// Ports: DCCP, SCTP, TCP, UDP, UDP-Lite.
  case ports
  /// `destinationPort` holds the type, shifted left by 8, and the code: ICMP, ICMPv6.
  case messages
  /// Nothing: all other protocols.
  case none

  public init(protocolNumber: UInt8) {
    self =
      switch protocolNumber {
      case 6, 17, 33, 132, 136: .ports
      case 1, 58: .messages
      default: .none
      }
  }
}
