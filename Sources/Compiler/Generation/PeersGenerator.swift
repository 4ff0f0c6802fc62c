// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// What layer 2 lets through of one family: all that the profile can be about, whatever its state and its ports.
///
/// Layer 2 has no window in which rules are missing, and meets what the host sends and routes.
struct Backstop: Sendable, Hashable {
  /// More rules would slow down every packet: 0.4 µs a connection for each.
  static let mostRules = 16

  let family: AddressFamily
  /// By protocol, the other ends; key nil for all protocols. Sorted, none of them empty.
  let peers: [(protocolNumber: UInt8?, remote: AddressSet)]

  /// Whether all packets of a protocol pass.
  func passes(_ number: UInt8) -> Bool {
    peers.contains { ($0.protocolNumber ?? number) == number && $0.remote.isAll(family) }
  }

  /// nil where the profile lets some packets of every protocol through to anyone: nothing could be denied.
  init?(_ family: AddressFamily, inbound: MinimalRules, outbound: MinimalRules, isEnumerated: Bool, hasND: Bool) {
    self.family = family
    var byProtocol: [UInt8: AddressSet] = [:]
    var all = AddressSet()
    let sides = [(inbound, \PacketRegion.source), (outbound, \PacketRegion.destination)]
    if !isEnumerated {
      for (rules, end) in sides {
        rules.forEachAllowed(family) { region in
          if region.protocols.isFull || Self.hidesProtocol(region) { all = all.union(region[keyPath: end]) }
        }
      }
      if all.isAll(family) { return nil }
    }
    for (rules, end) in sides {
      rules.forEachAllowed(family) { region in
        if !isEnumerated, region.protocols.isFull { return }
        // Behind an authentication header is any protocol. Others than these pass layer 3 once they are past layer 2.
        let seen = Layer3Match.seen(family)
        let protocols = Self.hidesProtocol(region) ? seen : region.protocols.intersection(seen)
        for number in protocols.ranges.joined() {
          byProtocol[number] = byProtocol[number]?.union(region[keyPath: end]) ?? region[keyPath: end]
        }
      }
    }
    let anything = !all.isEmpty || !byProtocol.isEmpty
    // Errors come from any router on the way, and neighbours have to be found.
    if anything || family == .ipv6 && hasND { byProtocol[family.icmp] = .all(family) }
    // What is left of a fragmented IPv6 packet names no other protocol.
    if family == .ipv6, anything { byProtocol[44] = .all(family) }
    if isEnumerated, Layer3Match.seen(family).ranges.joined().allSatisfy({ byProtocol[$0]?.isAll(family) == true }) {
      return nil
    }
    guard let peers = Self.fewest(all, byProtocol, family) else { return nil }
    self.peers = peers
  }

  /// Whether layer 2 takes packets of a region for those of another protocol: ebtables looks through an authentication
  /// header of IPv6 (ipv6_skip_exthdr), so that only a rule about all protocols is surely about them.
  private static func hidesProtocol(_ region: PacketRegion) -> Bool {
    region.family == .ipv6 && region.protocols.contains(Layer3Match.authenticationHeader)
  }

  /// At most `mostRules`; where addresses would be too many, the protocols alone.
  private static func fewest(
    _ all: AddressSet, _ byProtocol: [UInt8: AddressSet], _ family: AddressFamily
  ) -> [(protocolNumber: UInt8?, remote: AddressSet)]? {
    let sorted = byProtocol.sorted { $0.key < $1.key }
    var peers: [(protocolNumber: UInt8?, remote: AddressSet)] = all.isEmpty ? [] : [(nil, all)]
    for (number, remote) in sorted {
      let rest = remote.subtracting(all)
      if !rest.isEmpty { peers.append((number, remote.isAll(family) ? remote : rest)) }
    }
    if peers.reduce(0, { $0 + $1.remote.prefixes(family).count }) <= mostRules { return peers }
    guard all.isEmpty, sorted.count <= mostRules else { return nil }
    return sorted.map { ($0.key, .all(family)) }
  }

  static func == (left: Backstop, right: Backstop) -> Bool {
    left.family == right.family && left.peers.elementsEqual(right.peers, by: ==)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(family)
    for (number, remote) in peers {
      hasher.combine(number)
      hasher.combine(remote)
    }
  }
}

/// Makes the leaves with chains `ipv4-peers` and `ipv6-peers`.
struct PeersGenerator {
  let family: AddressFamily
  /// nil to let everything through that layer 3 decides.
  let backstop: Backstop?
  let guardPolicy: GuardPolicy
  /// Whether layer 3 rejects some outbound packets: it comes after layer 2, which would drop them without a word.
  let rejectsOutbound: Bool
  private(set) var list = EntryList()

  private var element: FilterProtocol { family == .ipv4 ? .ip : .ipv6 }

  init(_ family: AddressFamily, backstop: Backstop?, decisions: Decisions, outbound: MinimalRules) {
    self.family = family
    self.backstop = backstop
    guardPolicy = decisions.guardPolicy
    rejectsOutbound =
      decisions.outboundDefault == .reject || outbound.runs.contains { $0.effect.verdict == .reject }
  }

  /// The leaf for a profile all of whose protocols layer 3 decides.
  mutating func leaf(prefix: String, origin: SourceRange) -> DesiredFilter {
    addReturns()
    addDrops(900, Match(element), "peers")
    return list.leaf(prefix, chain: chain, origin: origin)
  }

  /// The leaf for a profile with rules about protocols that layer 3 does not know.
  mutating func leaf(
    decisions: Decisions, inbound: MinimalRules, outbound: MinimalRules, prefix: String, origin: SourceRange
  ) -> DesiredFilter {
    addReturns()
    addNamed()
    addUnnamed(inbound, .in)
    addUnnamed(outbound, .out)
    for (direction, verdict) in [
      (TrafficDirection.in, decisions.inboundDefault), (.out, decisions.outboundDefault),
    ] {
      list.add(
        verdict == .allow ? .return : .drop, direction.filterDirection, 900, Match(element),
        sources: [Layer3Generator.source(direction)])
    }
    return list.leaf(prefix, chain: chain, origin: origin)
  }

  /// Drops what the backstop has not let through, or leaves it to layer 3 to reject it.
  private mutating func addDrops(_ priority: Int, _ match: Match, _ name: String) {
    if rejectsOutbound {
      list.add(.drop, .in, priority, match, sources: [.system(name)])
      list.add(.return, .out, priority, match, sources: [.system(name)])
    } else {
      list.add(.drop, .inout, priority, match, sources: [.system(name)])
    }
  }

  private var chain: String { family == .ipv4 ? "ipv4-peers" : "ipv6-peers" }

  /// What the backstop lets through; source is the other end in rules of both directions (reference 5.2).
  private mutating func addReturns() {
    guard let backstop else { return }
    for (number, remote) in backstop.peers {
      let ranges: [AddressRange?] = remote.isAll(family) ? [nil] : remote.prefixRanges(family)
      for range in ranges {
        var match = Match(element)
        if let range { match.set(.source, range) }
        if let number { match.set("protocol", .number(UInt32(number))) }
        list.add(.return, .inout, 100, match, sources: [.system("peers")])
      }
    }
    addDHCP()
  }

  private mutating func addDHCP() {
    let ports: (client: UInt32, server: UInt32) = family == .ipv4 ? (68, 67) : (546, 547)
    if backstop?.passes(17) == true { return }
    for isServer in [false, true] where isServer ? guardPolicy.dhcp == .server : guardPolicy.dhcp != .off {
      let remote = isServer ? ports.client : ports.server
      let own = isServer ? ports.server : ports.client
      list.add(
        .return, .inout, 100,
        Match(
          element, ["protocol": .number(17), "srcportstart": .number(remote), "dstportstart": .number(own)]),
        sources: [.system("dhcp")])
    }
  }

  /// Leaves to layer 3, or denies where the backstop does, all that layer 3 has an element for.
  private mutating func addNamed() {
    for number in Layer3Match.seen(family).ranges.joined() where backstop?.passes(number) != true {
      let match = Match(element, ["protocol": .number(UInt32(number))])
      if backstop == nil {
        list.add(.return, .inout, 200, match, sources: [.system("protocols")])
      } else {
        addDrops(200, match, "protocols")
      }
    }
    if family == .ipv6, backstop == nil {
      list.add(.return, .inout, 200, Match(element, ["protocol": .number(44)]), sources: [.system("protocols")])
    }
  }

  /// The rules about other protocols, one run after the other.
  private mutating func addUnnamed(_ rules: MinimalRules, _ direction: TrafficDirection) {
    for (index, run) in rules.runs.enumerated() {
      for region in run.regions where region.family == family {
        for match in matches(of: region) {
          list.add(
            run.effect.isAllow ? .return : .drop, direction.filterDirection, min(300 + index, 899), match,
            sources: run.sources(of: region))
        }
      }
    }
  }

  private func matches(of region: PacketRegion) -> [Match] {
    let base: [Match]
    if region.isAboutAllProtocols {
      base = [Match(element)]
    } else {
      base = region.protocols.subtracting(Layer3Match.named(family)).ranges.joined().map { number in
        Match(element, ["protocol": .number(UInt32(number))])
      }
    }
    func with(_ end: PacketEnd, _ addresses: AddressSet, _ matches: [Match]) -> [Match] {
      if addresses.isAll(family) { return matches }
      let ranges = addresses.prefixRanges(family)
      return matches.flatMap { match in
        ranges.map { range in
          var match = match
          match.set(end, range)
          return match
        }
      }
    }
    return with(.destination, region.destination, with(.source, region.source, base))
  }
}

extension MinimalRules {
  /// The regions of a family that rules allow.
  fileprivate func forEachAllowed(_ family: AddressFamily, _ body: (PacketRegion) -> Void) {
    for run in runs where run.effect.isAllow {
      for index in run.rules.indices {
        for region in run.rules[index].packets.regions where region.family == family { body(region) }
      }
    }
  }
}
