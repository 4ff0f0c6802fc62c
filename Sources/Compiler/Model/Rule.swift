// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import PacketPath

/// What a rule of a policy does with the packets that it speaks of.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  case allow, drop, reject
  /// Leaves the decision to the next tier.
  case pass
}

/// Which way a packet goes, seen from the VM.
public enum TrafficDirection: String, Sendable, Hashable, CaseIterable {
  case `in`, out
}

/// One rule of a group, as it is written: names are not looked up yet.
public struct PolicyRule: Sendable, Hashable {
  /// As given; nil where it follows from the text.
  public var name: Located<String>?
  public var verdict: Verdict
  /// What it is about; never empty.
  public var traffic: [Located<Traffic>]
  /// nil where the rule does not say: anyone.
  public var from: [Located<Peer>]?
  public var to: [Located<Peer>]?
  /// Ports that the packet comes from; nil for all.
  public var fromPorts: [PortRange]?
  /// The most connections that one source may have at a time.
  public var connectionLimit: Int?
  /// Whether replies are not allowed by themselves.
  public var isStateless = false
  /// The last day on which the rule holds.
  public var until: Day?
  /// Whether a rule other than allow may end by itself (`expires: open`).
  public var expiresOpen = false
  public var owner: String?
  public var ticket: String?
  public var comment: String?
  public var isEnabled = true
  /// The line in its canonical form, e.g. `allow http, https from @office`: names are derived from it.
  public var text: String
  public var origin: SourceRange

  public init(
    _ verdict: Verdict, _ traffic: [Located<Traffic>], from: [Located<Peer>]? = nil, to: [Located<Peer>]? = nil,
    name: Located<String>? = nil, text: String, origin: SourceRange
  ) {
    self.verdict = verdict
    self.traffic = traffic
    self.from = from
    self.to = to
    self.name = name
    self.text = text
    self.origin = origin
  }
}

/// One element of what a rule is about.
public enum Traffic: Sendable, Hashable {
  /// All of IPv4 and IPv6.
  case any
  /// A service of the repository or of the catalogue.
  case service(String)
  /// TCP, UDP or SCTP; no ports means all.
  case ports(PortProtocol, [PortRange])
  /// `icmp/echo-request`: both families where both have such a message; nil for all of ICMP and ICMPv6.
  case icmp(String?)
  /// `icmpv4/3/4`, `icmpv6/135`: one family, a type by name or number, a code.
  case icmpNumbered(AddressFamily, type: UInt8?, code: UInt8?)
  /// Any other IP protocol: `gre`, `protocol/99`.
  case ipProtocol(UInt8)
  /// `$NAME`: the value of a parameter.
  case parameter(String)
}

/// Protocols with ports that nwfilter can match.
public enum PortProtocol: String, Sendable, Hashable, CaseIterable {
  case tcp, udp, sctp

  /// IANA's number.
  public var number: UInt8 {
    switch self {
    case .tcp: 6
    case .udp: 17
    case .sctp: 132
    }
  }
}

/// Ports, first and last.
public typealias PortRange = ClosedRange<UInt16>

/// One of those that a rule names as the other end, or as the VM's own address.
public enum Peer: Sendable, Hashable {
  case any
  case addresses(AddressRange)
  case set(String)
  case group(String)
  case machine(String)
  case network(NetworkPart)
  /// `$NAME`: the value of a parameter.
  case parameter(String)
}

/// What a NIC's own network can stand for in a rule.
public enum NetworkPart: String, Sendable, Hashable, CaseIterable {
  /// The machine that runs the VM.
  case host
  case gateway
  /// The resolvers.
  case dns
  /// All addresses of the network.
  case network
}
