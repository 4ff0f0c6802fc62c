// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What Linux's conntrack makes of packets (Linux 6.1, net/netfilter/nf_conntrack_proto_*.c).
public enum ConnectionTracking {
  /// Types of ICMP that begin a connection, with those that answer them (`invmap` and `valid_new`).
  public static func queries(_ family: AddressFamily) -> KeyValuePairs<UInt8, UInt8> {
    family == .ipv4 ? [8: 0, 13: 14, 15: 16, 17: 18] : [128: 129, 139: 140]
  }

  /// Types of ICMPv6 that are not tracked, so that no match of a state finds them: neighbour and multicast listener
  /// discovery (`noct_valid_new`).
  public static let untrackedTypes = IntervalSet<UInt8>([130...136, 143...143])

  /// The type that answers a query; nil for types that begin no connection.
  public static func reply(to type: UInt8, _ family: AddressFamily) -> UInt8? {
    queries(family).first { $0.key == type }?.value
  }

  /// Addresses of one family from which no answer can come: multicast and broadcast.
  public static func unansweredDestinations(_ family: AddressFamily) -> AddressSet {
    family == .ipv4
      ? AddressSet([0xe000_0000...0xefff_ffff, 0xffff_ffff...0xffff_ffff])
      : AddressSet(UInt128(0xff) << 120...UInt128.max)
  }

  /// What is said of a frame that belongs to no known connection; for one that is no IP packet nobody asks.
  public static func ofFirst(_ frame: Frame) -> Tracking {
    guard let type = messageType(frame), let family = frame.family else { return .first }
    if family == .ipv6, untrackedTypes.contains(type) { return Tracking(state: .untracked, side: .original) }
    return reply(to: type, family) == nil ? Tracking(state: .invalid, side: .original) : .first
  }

  /// The frame that answers the first one of a connection; nil where none can: other messages of ICMP than queries,
  /// multicast and broadcast, later fragments, and what is not IP.
  public static func answer(to frame: Frame) -> Frame? {
    guard let family = frame.family, !frame.isLaterFragment,
      !unansweredDestinations(family).contains(frame.destination)
    else { return nil }
    var answer = frame
    swap(&answer.sourceMAC, &answer.destinationMAC)
    swap(&answer.source, &answer.destination)
    // A broadcast or multicast MAC address sends nothing; who answers is not known.
    if answer.sourceMAC.isGroup { answer.sourceMAC = MACAddress(bits: 0) }
    if let type = messageType(frame) {
      guard let reply = reply(to: type, family) else { return nil }
      answer.destinationPort = UInt16(reply) << 8
    } else {
      swap(&answer.sourcePort, &answer.destinationPort)
    }
    if frame.protocolNumber == 6, frame.tcpFlags == .syn { answer.tcpFlags = [.syn, .ack] }
    // The answer is in no set that the question is known to be in: its ends are swapped.
    answer.memberships = Set(frame.memberships.map(\.swapped))
    return answer
  }

  /// The type of a message of the family's own ICMP.
  private static func messageType(_ frame: Frame) -> UInt8? {
    switch (frame.family, frame.protocolNumber) {
    case (.ipv4, 1), (.ipv6, 58): UInt8(frame.destinationPort >> 8)
    default: nil
    }
  }
}

extension TCPFlags {
  /// The first packet of a connection.
  public static let syn = TCPFlags(rawValue: 2)
  public static let ack = TCPFlags(rawValue: 16)
}

extension MACAddress {
  /// Whether this is a multicast address or broadcast.
  public var isGroup: Bool { bits >> 40 & 1 == 1 }
}

extension SetLookup {
  /// The lookup that finds in an answer what this one finds in the question.
  var swapped: SetLookup {
    SetLookup(name: name, directions: directions.map { $0 == .source ? .destination : .source })
  }
}
