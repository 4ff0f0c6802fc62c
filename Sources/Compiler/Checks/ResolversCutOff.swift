// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// A denial that takes a VM the resolvers of its own network with it, although the VM may go out.
struct ResolversCutOff: PolicyCheck {
  let description = CheckDescription(
    "resolvers-cut-off", title: "A VM that may go out cannot ask the resolvers of its own network.",
    repair: "Put `allow dns to dns` before the rule that is named.",
    explanation: """
      Dropping private networks is a common way to keep a VM away from its neighbours, and the resolver that DHCP \
      gave it is often one of them. Spoken of is a VM whose `default: {out: allow}` stands, whose network is known \
      with its `dns:` (or with a gateway that is the host itself, as on libvirt's NAT networks), and of which no \
      query gets there. A rule about nothing but dns means it, and is not named; neither is one where another rule \
      allows dns to somebody.
      """,
    wrong: """
      networks:
        lan: {subnets: 10.0.0.0/24, gateway: 10.0.0.1, dns: 10.0.0.53}
      vms:
        build-1: {labels: {role: build}, network: lan}
      groups:
        build:
          vms: {label: {role: build}}
          out:
            - drop any to 10.0.0.0/8
      """,
    right: """
      networks:
        lan: {subnets: 10.0.0.0/24, gateway: 10.0.0.1, dns: 10.0.0.53}
      vms:
        build-1: {labels: {role: build}, network: lan}
      groups:
        build:
          vms: {label: {role: build}}
          out:
            - allow dns to dns
            - drop any to 10.0.0.0/8
      """)

  private static let queries: [AddressFamily: PacketRegion] = Dictionary(
    uniqueKeysWithValues: AddressFamily.allCases.map {
      ($0, PacketRegion(family: $0, protocols: IntervalSet(17...17), destinationPorts: IntervalSet(53...53)))
    })
  /// Over UDP and TCP.
  private static let allQueries = PacketSet(
    AddressFamily.allCases.flatMap { family in
      [UInt8(6), 17].map {
        PacketRegion(family: family, protocols: IntervalSet($0...$0), destinationPorts: IntervalSet(53...53))
      }
    })

  func findings(in context: CheckContext) -> [Diagnostic] {
    var seen: Set<SourceRange?> = []
    return context.standings.compactMap { standing in
      guard standing.decisions.outboundDefault == .allow, let network = standing.scope.network else { return nil }
      let denials = denials(standing.decisions.outbound, queries(to: network))
      guard let rule = denials.first(where: { !$0.packets.isSubset(of: Self.allQueries) }) else { return nil }
      let place = context.place(of: rule)
      guard seen.insert(place).inserted else { return nil }
      let subject = standing.members.first.map { "VM '\($0.machine)'" } ?? "VMs of group '\(rule.group)'"
      return finding(
        "'\(rule.source.id)' keeps \(subject) from the resolvers of network '\(network.name)'", at: place,
        hint: "put 'allow dns to dns' before it, or deny dns in a rule of its own if that is meant",
        notes: [Diagnostic.Note("the network", at: network.origin)])
    }
  }

  private func queries(to network: Network) -> PacketSet {
    let isHost = network.gateway.contains(where: network.host.contains)
    let resolvers = ResolvedPeers(network.dns.isEmpty && isHost ? network.gateway : network.dns)
    return PacketSet(
      AddressFamily.allCases.compactMap { family in
        Self.queries[family].map {
          var region = $0
          region.destination = resolvers.addresses(family)
          return region
        }
      })
  }

  /// The rules that deny all queries between them; empty where a query passes, or dns is allowed to somebody else.
  private func denials(_ rules: [ResolvedRule], _ queries: PacketSet) -> [ResolvedRule] {
    var open = queries
    var denials: [ResolvedRule] = []
    for rule in rules where !open.isEmpty && rule.packets.intersects(open) {
      guard rule.verdict != .allow else { return [] }
      denials.append(rule)
      open = open.subtracting(rule.packets)
    }
    guard open.isEmpty, !denials.isEmpty else { return [] }
    let allowsOthers = rules.contains { $0.verdict == .allow && $0.packets.intersects(Self.allQueries) }
    return allowsOthers ? [] : denials
  }
}
