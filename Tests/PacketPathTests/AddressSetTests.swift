// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

struct AddressSetTests {
  @Test(arguments: AddressFamily.allCases)
  func prefixesCoverExactlyAndAreFewest(_ family: AddressFamily) {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<300 {
      let set = randomSet(family, &generator)
      let prefixes = set.prefixes(family)
      let ranges = prefixes.map { AddressSet.prefix(first: $0.first, length: $0.length, family: family) }
      #expect(AddressSet(ranges) == set)
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
      for (prefix, range) in zip(prefixes, ranges) {
        #expect(range.lowerBound == prefix.first)
        // Disjoint prefixes are fewest exactly if none can be one bit shorter.
        if prefix.length > 0 {
          let parent = AddressSet.prefix(first: prefix.first, length: prefix.length - 1, family: family)
          #expect(!AddressSet(parent).isSubset(of: set))
        }
      }
    }
  }

  @Test(arguments: AddressFamily.allCases)
  func everythingIsOnePrefix(_ family: AddressFamily) {
    let prefixes = AddressSet.all(family).prefixes(family)
    #expect(prefixes.map(\.first) == [0])
    #expect(prefixes.map(\.length) == [0])
  }

  @Test
  func worstCases() {
    #expect(AddressSet(1...AddressFamily.ipv4.lastAddress - 1).prefixes(.ipv4).count == 62)
    #expect(AddressSet(1 ... .max - 1).prefixes(.ipv6).count == 254)
    #expect(AddressSet().prefixes(.ipv4).isEmpty)
  }

  @Test
  func prefixIgnoresHostBits() {
    #expect(AddressSet.prefix(first: 0x0a00_0001, length: 8, family: .ipv4) == 0x0a00_0000...0x0aff_ffff)
    #expect(AddressSet.prefix(first: 9, length: 32, family: .ipv4) == 9...9)
    #expect(AddressSet.prefix(first: 9, length: 128, family: .ipv6) == 9...9)
    #expect(AddressSet.prefix(first: 9, length: 0, family: .ipv6) == 0 ... .max)
  }

  @Test
  func addressRangesAreTheTextOfASet() throws {
    let texts = ["10.0.0.0/24", "10.0.0.255-10.0.1.3", "192.0.2.1"]
    let set = try AddressSet(texts.map { try AddressRange(parsing: $0).range })
    #expect(set.addressRanges(.ipv4).map(\.description) == ["10.0.0.0-10.0.1.3", "192.0.2.1"])
  }

  @Test
  func numbersOfAddresses() throws {
    for text in ["::", "::1", "2001:db8::ffff:1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
      let address = try #require(IPv6Address(text))
      #expect(IPv6Address(number: address.number) == address)
      #expect(AddressFamily.ipv6.text(address.number) == text)
    }
    let address = try #require(IPv4Address("192.0.2.1"))
    #expect(address.number == 0xc000_0201)
    #expect(IPv4Address(number: address.number) == address)
  }

  private func randomSet(_ family: AddressFamily, _ generator: inout SeededGenerator) -> AddressSet {
    AddressSet(
      (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        // Of every order of magnitude, and often at the ends.
        let shift = Int.random(in: 0...family.bitCount, using: &generator)
        let first = UInt128.random(in: 0...family.lastAddress, using: &generator) >> shift
        let length = (family.lastAddress - first) >> Int.random(in: 0...family.bitCount, using: &generator)
        let range = first...(first + length)
        return Bool.random(using: &generator)
          ? range : family.lastAddress - range.upperBound...family.lastAddress - range.lowerBound
      })
  }
}
