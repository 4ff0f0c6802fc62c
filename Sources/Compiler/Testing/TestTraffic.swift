// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Packets that words without ports and types do not speak of.
enum TestTraffic {
  /// What `any`, `udp` or `icmp` mean in a test.
  ///
  /// Without what no VM can live without, which rules of the system let through whatever a policy says: neighbour, router
  /// and listener discovery, and DHCP. Where packets are to get through, also without messages that begin nothing: errors
  /// and answers belong to the connections of others. Who writes ports or a type means them.
  static func packets(_ regions: [PacketRegion], _ expectation: Expectation) -> PacketSet {
    let mustPass = expectation == .allow || expectation == .oneWay || expectation == .reject
    return PacketSet(
      regions.flatMap { region -> [PacketRegion] in
        guard region.hasAllPorts else { return [region] }
        let holes = region.family == .ipv4 ? housekeepingIPv4 : housekeepingIPv6
        let all = holes + (mustPass ? [answers(region.family)] : [])
        return all.reduce([region]) { pieces, hole in pieces.flatMap { $0.subtracting(hole) } }
      })
  }

  private static let housekeepingIPv4 = dhcp(.ipv4, client: 68, server: 67)
  private static let housekeepingIPv6 =
    [messages(.ipv6, .untrackedICMPv6.union(IntervalSet(PacketRegion.messages(137))))]
    + dhcp(.ipv6, client: 546, server: 547)

  private static func answers(_ family: AddressFamily) -> PacketRegion {
    messages(family, IntervalSet.full.subtracting(.queries(family)))
  }

  private static func messages(_ family: AddressFamily, _ set: IntervalSet<UInt16>) -> PacketRegion {
    let number = PacketRegion.icmp(family)
    return PacketRegion(family: family, protocols: IntervalSet(number...number), destinationPorts: set)
  }

  private static func dhcp(_ family: AddressFamily, client: UInt16, server: UInt16) -> [PacketRegion] {
    [(client, server), (server, client)].map { source, destination in
      PacketRegion(
        family: family, protocols: IntervalSet(17...17), sourcePorts: IntervalSet(source...source),
        destinationPorts: IntervalSet(destination...destination))
    }
  }
}
