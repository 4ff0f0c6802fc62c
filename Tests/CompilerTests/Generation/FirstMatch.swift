// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

@testable import Compiler

/// What decisions mean, without any thought of nwfilter.
struct FirstMatch {
  let decisions: Decisions

  func rules(_ direction: TrafficDirection) -> [ResolvedRule] {
    direction == .in ? decisions.inbound : decisions.outbound
  }

  /// nil where the default decides.
  func rule(_ packet: Packet, _ direction: TrafficDirection) -> ResolvedRule? {
    rules(direction).first { $0.packets.contains(packet) }
  }

  func verdict(_ packet: Packet, _ direction: TrafficDirection) -> Verdict {
    rule(packet, direction)?.verdict ?? defaultVerdict(direction)
  }

  /// Whether replies of the flow that a packet begins pass by themselves; nil where that is left open: a stateless rule is the
  /// first about the flow, and says nothing of replies, but another rule allows it as well.
  func allowsReplies(_ packet: Packet, _ direction: TrafficDirection) -> Bool? {
    guard verdict(packet, direction) == .allow else { return false }
    guard rule(packet, direction)?.isStateless == true else { return true }
    let hasPlainAllow = rules(direction).contains {
      $0.packets.contains(packet) && $0.verdict == .allow && !$0.isStateless
    }
    return hasPlainAllow || defaultVerdict(direction) == .allow ? nil : false
  }

  private func defaultVerdict(_ direction: TrafficDirection) -> Verdict {
    direction == .in ? decisions.inboundDefault : decisions.outboundDefault
  }

  /// Whether a packet passes that belongs to a flow of the other direction: plain allows do not speak of it.
  func allowsWithoutState(_ packet: Packet, _ direction: TrafficDirection) -> Bool {
    let first = rules(direction).first {
      $0.packets.contains(packet) && !($0.verdict == .allow && !$0.isStateless)
    }
    return first?.verdict == .allow
  }

  /// The packet that answers one; nil for ICMP that is no query.
  static func reply(to packet: Packet) -> Packet? {
    var reply = packet
    swap(&reply.source, &reply.destination)
    switch PortUse(protocolNumber: packet.protocolNumber) {
    case .ports: swap(&reply.sourcePort, &reply.destinationPort)
    case .messages:
      guard let type = ConnectionTracking.reply(to: UInt8(packet.destinationPort >> 8), packet.family) else {
        return nil
      }
      reply.destinationPort = UInt16(type) << 8
    case .none: break
    }
    return reply
  }

  /// What conntrack says of a packet that belongs to no known flow.
  static func trackingOfFirst(_ packet: Packet) -> Tracking {
    ConnectionTracking.ofFirst(
      Frame(packet, sourceMAC: RandomPolicy.ownMAC, destinationMAC: RandomPolicy.otherMAC))
  }
}
