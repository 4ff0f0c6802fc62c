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

  private func spanningTree(_ field: Field) -> UInt128 {
    guard let message = frame.spanningTree else { return 0 }
    return switch field {
    case .isSpanningTree: 1
    case .stpType: UInt128(message.type)
    case .stpFlags: UInt128(message.flags)
    case .rootPriority: UInt128(message.rootPriority)
    case .rootAddress: UInt128(message.rootAddress.bits)
    case .rootCost: UInt128(message.rootCost)
    case .senderPriority: UInt128(message.senderPriority)
    case .senderBridge: UInt128(message.senderBridge.bits)
    case .stpPort: UInt128(message.port)
    case .messageAge: UInt128(message.messageAge)
    case .maximumAge: UInt128(message.maximumAge)
    case .helloTime: UInt128(message.helloTime)
    default: UInt128(message.forwardDelay)
    }
  }
}
