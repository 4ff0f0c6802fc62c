// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// A frame with what conntrack says of it: all that a rule can look at.
public struct TrackedFrame: Sendable, Hashable {
  public var frame: Frame
  public var tracking: Tracking

  public init(_ frame: Frame, _ tracking: Tracking) {
    self.frame = frame
    self.tracking = tracking
  }

  /// A field as a number; 0 where the frame has no such field.
  public subscript(field: Field) -> UInt128 {
    switch field {
    case .etherType: UInt128(frame.etherType)
    case .state: UInt128(tracking.state.rawValue)
    case .side: UInt128(tracking.side.rawValue)
    case .protocolNumber: UInt128(frame.protocolNumber)
    case .destinationPort: UInt128(frame.destinationPort)
    case .sourcePort: UInt128(frame.sourcePort)
    case .isLaterFragment: frame.isLaterFragment ? 1 : 0
    case .tcpFlags: UInt128(frame.tcpFlags.rawValue)
    case .typeOfService: UInt128(frame.typeOfService)
    case .source: frame.source
    case .destination: frame.destination
    case .sourceMAC: UInt128(frame.sourceMAC.bits)
    case .destinationMAC: UInt128(frame.destinationMAC.bits)
    case .vlan: UInt128(frame.vlan)
    case .vlanProtocol: UInt128(frame.vlanProtocol)
    case .connections: UInt128(tracking.connections)
    case .hardwareType, .protocolType, .operation, .senderAddress, .targetAddress, .senderMAC, .targetMAC:
      arp(field)
    case .isSpanningTree, .stpType, .stpFlags, .rootPriority, .rootAddress, .rootCost, .senderPriority, .senderBridge,
      .stpPort, .messageAge, .maximumAge, .helloTime, .forwardDelay:
      spanningTree(field)
    }
  }

  private func arp(_ field: Field) -> UInt128 {
    switch field {
    case .hardwareType: UInt128(frame.arp.hardwareType)
    case .protocolType: UInt128(frame.arp.protocolType)
    case .operation: UInt128(frame.arp.operation)
    case .senderAddress: UInt128(frame.arp.senderAddress)
    case .targetAddress: UInt128(frame.arp.targetAddress)
    case .senderMAC: UInt128(frame.arp.senderMAC.bits)
    default: UInt128(frame.arp.targetMAC.bits)
    }
  }

  /// A field of a spanning tree message as the kernel reads it, which is not where it is.
  ///
  /// `struct stp_header` of ebt_stp.c has one byte for the protocol where IEEE 802.1D has two, so that everything behind
  /// it is read one byte early: the version for the type, the type for the flags, the flags and the upper half of the
  /// root's priority for that priority. ebtables and Linux 6.18 do so.
  private func spanningTree(_ field: Field) -> UInt128 {
    guard let message = frame.spanningTree else { return 0 }
    func joined(_ before: some BinaryInteger, _ here: UInt16) -> UInt128 {
      UInt128(UInt8(truncatingIfNeeded: before)) << 8 | UInt128(here >> 8)
    }
    func joined(_ before: UInt16, _ here: MACAddress) -> UInt128 {
      UInt128(before & 255) << 40 | UInt128(here.bits >> 8)
    }
    return switch field {
    case .isSpanningTree: 1
    // The version, which is 0 in every frame that is taken for a message.
    case .stpType: 0
    case .stpFlags: UInt128(message.type)
    case .rootPriority: joined(message.flags, message.rootPriority)
    case .rootAddress: joined(message.rootPriority, message.rootAddress)
    case .rootCost: UInt128(message.rootAddress.bits & 255) << 24 | UInt128(message.rootCost >> 8)
    case .senderPriority: joined(message.rootCost, message.senderPriority)
    case .senderBridge: joined(message.senderPriority, message.senderBridge)
    case .stpPort: joined(message.senderBridge.bits, message.port)
    case .messageAge: joined(message.port, message.messageAge)
    case .maximumAge: joined(message.messageAge, message.maximumAge)
    case .helloTime: joined(message.maximumAge, message.helloTime)
    default: joined(message.helloTime, message.forwardDelay)
    }
  }
}
