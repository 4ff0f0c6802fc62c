// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// What conntrack says of a packet.
struct Tracking: Hashable, Sendable {
  enum State: Hashable, Sendable {
    case new, established, related, invalid, untracked
  }

  enum Side: Hashable, Sendable {
    case original, reply
  }

  var state: State
  var side: Side
  /// Connections of the packet's source, this one included, as connlimit counts them.
  var connections = 1
}

/// A frame on the port of a VM.
struct Frame: Hashable, Sendable {
  enum Content: Hashable, Sendable {
    case packet(Packet)
    case arp(sender: MACAddress, address: UInt128)
    case rarp(sender: MACAddress)
    case tagged(vlan: UInt16)
    case other
  }

  var source: MACAddress
  var destination: MACAddress
  var content: Content
}

/// The way that a frame takes between a VM and others.
enum FramePath: Hashable, Sendable, CaseIterable {
  case bridged, routed, host
}

/// What becomes of a frame.
enum Outcome: Hashable, Sendable {
  case accepted, dropped, rejected
  /// No rule of the VM decides: the host's own FORWARD policy would.
  case undecided
}
