// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Fields cut into a few parts each: regions are made of whole parts, so one packet of each combination decides exactly.
struct Universe {
  static let protocols: [IntervalSet<UInt8>] = [
    IntervalSet(1...1), IntervalSet(6...6), IntervalSet([0...0, 2...5, 7...255]),
  ]
  static let sourcePorts: [IntervalSet<UInt16>] = [IntervalSet(0...1023), IntervalSet(1024...65535)]
  static let destinationPorts: [IntervalSet<UInt16>] = [
    IntervalSet([0...79, 81...442]), IntervalSet(80...80), IntervalSet(443...65535),
  ]

  static func addresses(_ family: AddressFamily) -> [AddressSet] {
    let middle = family.lastAddress / 2
    return [AddressSet(0...9), AddressSet(10...middle), AddressSet(middle + 1...family.lastAddress)]
  }

  /// One packet of each combination, the smallest of it, in ascending order.
  static let packets: [Packet] = AddressFamily.allCases.flatMap { family in
    protocols.flatMap { number in
      addresses(family).flatMap { source in
        addresses(family).flatMap { destination in
          sourcePorts.flatMap { sourcePort in
            destinationPorts.map { destinationPort in
              PacketRegion(
                family: family, protocols: number, source: source, destination: destination, sourcePorts: sourcePort,
                destinationPorts: destinationPort
              ).example!
            }
          }
        }
      }
    }
  }.sorted()

  /// Whether each of `packets` is in the set.
  static func decisions(_ set: PacketSet) -> [Bool] { packets.map(set.contains) }

  static func decisions(_ region: PacketRegion) -> [Bool] { packets.map(region.contains) }

  static func randomRegion(_ generator: inout SeededGenerator) -> PacketRegion {
    let family = AddressFamily.allCases.randomElement(using: &generator)!
    return PacketRegion(
      family: family, protocols: random(protocols, &generator), source: random(addresses(family), &generator),
      destination: random(addresses(family), &generator), sourcePorts: random(sourcePorts, &generator),
      destinationPorts: random(destinationPorts, &generator))
  }

  static func randomSet(_ generator: inout SeededGenerator) -> PacketSet {
    let count = Int.random(in: 0...7, using: &generator)
    return PacketSet((0..<count).map { _ in randomRegion(&generator) })
  }

  /// One part or more; all of them in a third of the cases.
  private static func random<Bound>(
    _ parts: [IntervalSet<Bound>], _ generator: inout SeededGenerator
  ) -> IntervalSet<Bound> {
    let all = (1 << parts.count) - 1
    let mask = Int.random(in: 0...2, using: &generator) == 0 ? all : Int.random(in: 1...all, using: &generator)
    return parts.indices.filter { mask >> $0 & 1 == 1 }.reduce(.empty) { $0.union(parts[$1]) }
  }
}
