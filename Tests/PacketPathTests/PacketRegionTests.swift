// SPDX-License-Identifier: Apache-2.0

import PacketPath
import Testing

struct PacketRegionTests {
  static let ssh = PacketRegion(family: .ipv4, protocols: IntervalSet(6...6), destinationPorts: IntervalSet(22...22))
  static let echo = PacketRegion(
    family: .ipv4, protocols: IntervalSet(1...1), destinationPorts: IntervalSet(0x0800...0x08ff))

  @Test
  func algebraDecidesAsSinglePackets() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<300 {
      let left = Universe.randomRegion(&generator)
      let right = Universe.randomRegion(&generator)
      let (inLeft, inRight) = (Universe.decisions(left), Universe.decisions(right))
      let both = zip(inLeft, inRight).map { $0 && $1 }
      let pieces = left.subtracting(right)
      #expect(left.intersects(right) == both.contains(true))
      #expect(left.isSubset(of: right) == (both == inLeft))
      #expect((left.intersection(right) != nil) == both.contains(true))
      #expect(left.intersection(right).map { Universe.decisions($0) } ?? both == both)
      #expect(Universe.decisions(PacketSet(pieces)) == zip(inLeft, inRight).map { $0 && !$1 })
      #expect(pieces.count <= 5)
      for (index, piece) in pieces.enumerated() {
        #expect(!piece.isEmpty)
        #expect(!pieces[..<index].contains(where: piece.intersects))
      }
      #expect(left.example == zip(Universe.packets, inLeft).first { $0.1 }?.0)
    }
  }

  @Test
  func differenceKeepsPortsToTheirProtocol() {
    let pieces = PacketRegion.all(.ipv4).subtracting(Self.ssh)
    #expect(
      pieces == [
        PacketRegion(family: .ipv4, protocols: IntervalSet([0...5, 7...255])),
        PacketRegion(
          family: .ipv4, protocols: IntervalSet(6...6), destinationPorts: IntervalSet([0...21, 23...65535])),
      ])
  }

  @Test
  func familiesNeverMeet() {
    #expect(!PacketRegion.all(.ipv4).intersects(.all(.ipv6)))
    #expect(PacketRegion.all(.ipv4).intersection(.all(.ipv6)) == nil)
    #expect(PacketRegion.all(.ipv4).subtracting(.all(.ipv6)) == [.all(.ipv4)])
    #expect(!PacketRegion.all(.ipv4).isSubset(of: .all(.ipv6)))
  }

  @Test
  func oneEmptyFieldIsEnough() {
    var region = PacketRegion.all(.ipv4)
    #expect(!region.isEmpty)
    region.sourcePorts = .empty
    #expect(region.isEmpty)
    #expect(region.example == nil)
    #expect(region.isSubset(of: Self.ssh))
    #expect(region.subtracting(Self.ssh).isEmpty)
    #expect(PacketSet(region).isEmpty)
  }

  @Test
  func reversedSwapsAddressesAndPortsButNotTypes() {
    var region = Self.ssh
    region.source = AddressSet(1...2)
    let reversed = region.reversed()
    #expect(reversed.destination == AddressSet(1...2))
    #expect(reversed.source == .all(.ipv4))
    #expect(reversed.sourcePorts == IntervalSet(22...22))
    #expect(reversed.destinationPorts.isFull)
    #expect(reversed.reversed() == region)
    #expect(Self.echo.reversed() == Self.echo)
  }

  @Test
  func portUse() {
    #expect(Self.ssh.portUse == .ports)
    #expect(Self.echo.portUse == .messages)
    #expect(PacketRegion.all(.ipv6).portUse == nil)
    #expect(PacketRegion(family: .ipv4, protocols: IntervalSet(50...51)).portUse == PortUse.none)
    #expect(PacketRegion.all(.ipv6).hasAllPorts)
    #expect(!Self.ssh.hasAllPorts)
  }

  @Test
  func textOfPackets() {
    var packet = Packet(family: .ipv4, protocolNumber: 6, source: 1, destination: 2, sourcePort: 3, destinationPort: 22)
    #expect(packet.description == "tcp 0.0.0.1:3 to 0.0.0.2:22")
    packet.family = .ipv6
    #expect(packet.description == "tcp [::1]:3 to [::2]:22")
    packet.protocolNumber = 58
    packet.destinationPort = 128 << 8
    #expect(packet.description == "icmpv6 ::1 to ::2 type 128 code 0")
    packet.protocolNumber = 99
    #expect(packet.description == "protocol 99 ::1 to ::2")
  }
}
