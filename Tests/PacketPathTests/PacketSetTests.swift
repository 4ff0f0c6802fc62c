// SPDX-License-Identifier: Apache-2.0

import PacketPath
import Testing

struct PacketSetTests {
  @Test
  func algebraDecidesAsSinglePackets() {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<120 {
      let left = Universe.randomSet(&generator)
      let right = Universe.randomSet(&generator)
      let pairs = Array(zip(Universe.decisions(left), Universe.decisions(right)))
      let both = pairs.map { $0 && $1 }
      #expect(Universe.decisions(left.union(right)) == pairs.map { $0 || $1 })
      #expect(Universe.decisions(left.intersection(right)) == both)
      #expect(Universe.decisions(left.subtracting(right)) == pairs.map { $0 && !$1 })
      #expect(left.intersects(right) == both.contains(true))
      #expect(left.isSubset(of: right) == pairs.allSatisfy { !$0 || $1 })
      #expect(left.isEquivalent(to: right) == pairs.allSatisfy { $0 == $1 })
      #expect(left.isEmpty == !pairs.contains { $0.0 })
      #expect(left.example == zip(Universe.packets, pairs).first { $0.1.0 }?.0)
    }
  }

  @Test
  func laws() {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<40 {
      let (first, second) = (Universe.randomSet(&generator), Universe.randomSet(&generator))
      let neither = PacketSet.all.subtracting(first.union(second))
      let outside = PacketSet.all.subtracting(first).intersection(PacketSet.all.subtracting(second))
      #expect(neither.isEquivalent(to: outside))
      #expect(first.subtracting(second).union(first.intersection(second)).isEquivalent(to: first))
      #expect(!first.subtracting(second).intersects(second))
      #expect(first.intersection(.all).isEquivalent(to: first))
      #expect(first.subtracting(.all).isEmpty)
      #expect(first.reversed().reversed().isEquivalent(to: first))
    }
  }

  @Test
  func severalRegionsCoverOneTogether() {
    let half = AddressFamily.ipv4.lastAddress / 2
    let low = PacketRegion(family: .ipv4, source: AddressSet(0...half + 5))
    let high = PacketRegion(family: .ipv4, source: AddressSet(half...AddressFamily.ipv4.lastAddress))
    let all = PacketSet(.all(.ipv4))
    #expect(all.isSubset(of: PacketSet([low, high])))
    #expect(!all.isSubset(of: PacketSet([low])))
    #expect(all.subtracting(low).isSubset(of: PacketSet(high)))
    #expect(all.intersection(low).isEquivalent(to: PacketSet(low)))
  }

  @Test
  func exampleIsTheSmallestPacketOutside() {
    let allowed = PacketSet([PacketRegionTests.ssh, PacketRegionTests.echo])
    let tcp = PacketSet(
      PacketRegion(family: .ipv4, protocols: IntervalSet(6...6), destinationPorts: IntervalSet(22...23)))
    #expect(
      tcp.subtracting(allowed).example
        == Packet(family: .ipv4, protocolNumber: 6, source: 0, destination: 0, destinationPort: 23))
    #expect(PacketSet.empty.example == nil)
  }
}
