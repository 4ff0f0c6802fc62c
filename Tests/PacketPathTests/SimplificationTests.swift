// SPDX-License-Identifier: Apache-2.0

import PacketPath
import Testing

struct SimplificationTests {
  @Test
  func decidesTheSamePackets() {
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<120 {
      let set = Universe.randomSet(&generator)
      let simple = set.simplified()
      #expect(Universe.decisions(simple) == Universe.decisions(set))
      #expect(simple.regions.count <= set.regions.count)
      #expect(simple.simplified() == simple)
      #expect(PacketSet(set.regions.shuffled(using: &generator)).simplified() == simple)
      for (index, region) in simple.regions.enumerated() {
        var others = simple.regions
        others.remove(at: index)
        #expect(!PacketSet(region).isSubset(of: PacketSet(others)))
      }
    }
  }

  @Test
  func whatTouchesIsJoinedFirst() {
    let set = PacketSet([tcp(1...1, 80...80), tcp(1...1, 443...443), tcp(2...2, 80...80)])
    #expect(set.simplified() == PacketSet([tcp(1...2, 80...80), tcp(1...1, 443...443)].sorted()))
  }

  @Test
  func oneRegionWithSeveralRanges() {
    let set = PacketSet([tcp(1...1, 80...80), tcp(1...1, 443...443), tcp(1...1, 81...90)])
    var expected = tcp(1...1, 80...90)
    expected.destinationPorts = IntervalSet([80...90, 443...443])
    #expect(set.simplified() == PacketSet(expected))
  }

  @Test
  func coveredByOneAndByAllTogether() {
    let all = 0...AddressFamily.ipv4.lastAddress
    #expect(PacketSet([tcp(all, 80...80), tcp(1...1, 80...80)]).simplified() == PacketSet(tcp(all, 80...80)))
    let together = PacketSet([tcp(0...10, 10...20), tcp(5...20, 21...30), tcp(7...9, 15...25)])
    #expect(together.simplified() == PacketSet([tcp(0...10, 10...20), tcp(5...20, 21...30)]))
  }

  @Test
  func whatAnotherRegionHoldsIsTakenOut() {
    let all = 0...AddressFamily.ipv4.lastAddress
    var web = tcp(1...1, 80...80)
    web.destinationPorts = IntervalSet([80...80, 443...443])
    let set = PacketSet([web, tcp(all, 80...80)])
    #expect(set.simplified() == PacketSet([tcp(all, 80...80), tcp(1...1, 443...443)].sorted()))
  }

  @Test
  func portsAndTypesAreNotMixed() {
    let number: UInt16 = 0x0800
    let echo = PacketRegion(
      family: .ipv4, protocols: IntervalSet(1...1), destinationPorts: IntervalSet(number...number))
    var port = echo
    port.protocols = IntervalSet(6...6)
    #expect(PacketSet([echo, port]).simplified().regions == [echo, port])
    var other = port
    other.protocols = IntervalSet(17...17)
    #expect(PacketSet([port, other]).simplified().regions.map(\.protocols) == [IntervalSet([6...6, 17...17])])
    let all = [1, 6].map { PacketRegion(family: .ipv4, protocols: IntervalSet($0...$0)) }
    #expect(PacketSet(all).simplified().regions.map(\.protocols) == [IntervalSet([1...1, 6...6])])
  }

  @Test
  func thousandsOfNeighbours() {
    let regions = (0..<2_000).map { (index: Int) -> PacketRegion in
      let address = UInt128(index % 50)
      let port = UInt16(index / 50)
      return tcp(address...address, port...port)
    }
    var generator = SeededGenerator(seed: 7)
    #expect(PacketSet(regions.shuffled(using: &generator)).simplified() == PacketSet(tcp(0...49, 0...39)))
  }

  @Test
  func thousandsOfRules() {
    var generator = SeededGenerator(seed: 8)
    let ports: [UInt16] = [22, 80, 443, 5432, 9100]
    let addresses: ClosedRange<UInt128> = 0x0a00_0000...0x0a0f_ffff
    let regions = (0..<2_000).map { (_: Int) -> PacketRegion in
      let length = [20, 24, 28, 32, 32].randomElement(using: &generator)!
      let address = UInt128.random(in: addresses, using: &generator)
      let port = ports.randomElement(using: &generator)!
      return tcp(AddressSet.prefix(first: address, length: length, family: .ipv4), port...port)
    }
    let set = PacketSet(regions)
    let simple = set.simplified()
    #expect(simple.regions.count < 100)
    for _ in 0..<50 {
      let packet = Packet(
        family: .ipv4, protocolNumber: 6, source: UInt128.random(in: addresses, using: &generator),
        destination: 1, sourcePort: 1024, destinationPort: ports.randomElement(using: &generator)!)
      #expect(simple.contains(packet) == set.contains(packet))
    }
  }

  private func tcp(_ source: ClosedRange<UInt128>, _ ports: ClosedRange<UInt16>) -> PacketRegion {
    PacketRegion(
      family: .ipv4, protocols: IntervalSet(6...6), source: AddressSet(source), destinationPorts: IntervalSet(ports))
  }
}
