// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Packets that words without ports and types do not speak of.
enum TestTraffic {
  /// What `any`, `udp` or `icmp` mean in a test.
  ///
  /// Without what no VM can live without, which rules of the system let through whatever a policy says: neighbour, router
  /// and listener discovery, and DHCP. Where packets are to get through, also without messages that begin nothing: errors
  /// and answers belong to the connections of others. Who writes ports or a type means them; what is to get through to a
  /// port of DHCP comes from the other one, and what is to get through elsewhere comes from neither.
  static func packets(_ regions: [PacketRegion], _ expectation: Expectation) -> PacketSet {
    let mustPass = expectation == .allow || expectation == .oneWay || expectation == .reject
    return PacketSet(
      regions.flatMap { region -> [PacketRegion] in
        let family = region.family
        // What must not pass must not pass as something that looks like DHCP; what must pass need not.
        var holes = mustPass ? strangeDHCP(family) : []
        if region.hasAllPorts {
          holes += discovery(family) + dhcp(family) + (mustPass ? [answers(family)] : [])
        }
        return holes.reduce([region]) { pieces, hole in pieces.flatMap { $0.subtracting(hole) } }
      })
  }

  private static func discovery(_ family: AddressFamily) -> [PacketRegion] {
    if family == .ipv4 { return [] }
    // Redirects are neighbour discovery too.
    return [messages(.ipv6, IntervalSet<UInt16>.untrackedICMPv6.union(IntervalSet(PacketRegion.messages(137))))]
  }

  private static func answers(_ family: AddressFamily) -> PacketRegion {
    messages(family, IntervalSet.full.subtracting(.queries(family)))
  }

  private static func messages(_ family: AddressFamily, _ set: IntervalSet<UInt16>) -> PacketRegion {
    let number = family.icmp
    return PacketRegion(family: family, protocols: IntervalSet(number...number), destinationPorts: set)
  }

  /// Between a client and a server.
  private static func dhcp(_ family: AddressFamily) -> [PacketRegion] {
    let (first, second): (UInt16, UInt16) = family == .ipv4 ? (67, 68) : (546, 547)
    return [(first, second), (second, first)].map { source, destination in
      PacketRegion(
        family: family, protocols: IntervalSet(17...17), sourcePorts: IntervalSet(source...source),
        destinationPorts: IntervalSet(destination...destination))
    }
  }

  /// From a port of DHCP to another than its counterpart, or to one of these from another.
  private static func strangeDHCP(_ family: AddressFamily) -> [PacketRegion] {
    let (first, second): (UInt16, UInt16) = family == .ipv4 ? (67, 68) : (546, 547)
    let pairs = [(first, second), (second, first)]
    return pairs.flatMap { port, other in
      let rest = IntervalSet<UInt16>.full.subtracting(IntervalSet(other...other))
      return [
        PacketRegion(
          family: family, protocols: IntervalSet(17...17), sourcePorts: IntervalSet(port...port),
          destinationPorts: rest),
        PacketRegion(
          family: family, protocols: IntervalSet(17...17), sourcePorts: rest,
          destinationPorts: IntervalSet(port...port)),
      ]
    }
  }
}
