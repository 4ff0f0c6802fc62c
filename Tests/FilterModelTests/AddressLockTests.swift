// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FilterModel

@Suite struct AddressLockTests {
  @Test func addressesAndSubnets() throws {
    #expect(AddressLock.Address("192.0.2.1")?.description == "192.0.2.1")
    #expect(AddressLock.Address("2001:DB8::1")?.description == "2001:db8::1")
    #expect(AddressLock.Address("192.0.2") == nil)
    for text in ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32", "::/0", "2001:db8::/33", "2001:db8::/65"]
    {
      #expect(AddressLock.Subnet(text)?.description == text)
    }
    for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0", "::/129", "::1/127", "10.0.0.0/8/8"] {
      #expect(AddressLock.Subnet(text) == nil, "\(text)")
    }
    let subnet = try #require(AddressLock.Subnet("192.0.2.128/25"))
    #expect(subnet.contains(try address("192.0.2.200")))
    #expect(!subnet.contains(try address("192.0.2.127")))
    #expect(!subnet.contains(try address("2001:db8::1")))
    #expect(
      AddressLock.Subnet(containing: try address("2001:db8::ffff"), length: 120)?.description == "2001:db8::ff00/120")
  }

  @Test(arguments: [
    ("10.0.0.1", true), ("2001:db8::1", true), ("127.0.0.1", false), ("169.254.1.1", false), ("224.0.0.1", false),
    ("0.0.0.0", false), ("fe80::1", false), ("febf::1", false), ("fec0::1", true), ("ff02::1", false), ("::1", false),
  ])
  func reachable(text: String, isReachable: Bool) throws {
    #expect(try address(text).isReachable == isReachable)
  }
}

private func address(_ text: String) throws -> AddressLock.Address { try #require(AddressLock.Address(text)) }

@Suite struct AddressLockMergeTests {
  private static let mac1 = MACAddress(bits: 0x5254_00aa_bb01)
  private static let mac2 = MACAddress(bits: 0x5254_00aa_bb02)

  private static func network(_ subnet: String, _ router: String) throws -> AddressLock.Network {
    let own = try address(router)
    return .init(subnets: [try #require(AddressLock.Subnet(subnet))], gateway: [own], dns: [own], host: [own])
  }

  private static func assignment(
    _ mac: MACAddress, _ text: String, _ source: AddressFacts.Source, network: String = "default"
  ) throws -> AddressFacts.Assignment {
    .init(network: network, mac: mac, address: try address(text), source: source)
  }

  /// One VM `web` on network default, and what the network gives out.
  private static func facts(
    host: String = "kvm1", _ assignments: [AddressFacts.Assignment] = [], network: String? = "default",
    more: [AddressFacts.Interface] = []
  ) throws -> AddressFacts {
    AddressFacts(
      host: host, interfaces: [.init(machine: "web", mac: mac1, network: network)] + more,
      networks: [
        "default": try Self.network("192.168.122.0/24", "192.168.122.1"),
        "lan": try Self.network("10.0.0.0/24", "10.0.0.1"),
      ],
      assignments: assignments)
  }

  private static func lock(_ addresses: [String], network: String? = "default") throws -> AddressLock {
    AddressLock(
      machines: ["web": [mac1: .init(network: network, addresses: Set(try addresses.map(address)))]],
      networks: try facts().networks)
  }

  private static func addresses(_ merge: AddressLockMerge) -> [String] {
    (merge.lock.machines["web"]?[mac1]?.addresses ?? []).sorted().map(\.description)
  }

  @Test func newFactsAreAdded() throws {
    let facts = try Self.facts([
      Self.assignment(Self.mac1, "192.168.122.11", .reservation), Self.assignment(Self.mac1, "2001:db8::11", .lease),
      // Nobody's.
      Self.assignment(Self.mac2, "192.168.122.12", .lease),
    ])
    let merge = AddressLockMerge(AddressLock(), with: [facts], isComplete: true)
    #expect(merge.lock.machines.keys.sorted() == ["web"])
    #expect(Self.addresses(merge) == ["192.168.122.11", "2001:db8::11"])
    #expect(merge.lock.networks == facts.networks)
    let lines = merge.changes.map(\.text)
    #expect(lines.contains("+ network default  subnets 192.168.122.0/24  (kvm1)"))
    #expect(lines.contains("+ web 52:54:00:aa:bb:01  192.168.122.11  (reservation, network default, kvm1)"))
    #expect(lines.contains("+ web 52:54:00:aa:bb:01  2001:db8::11  (lease, network default, kvm1)"))
    #expect(lines.contains("+ web 52:54:00:aa:bb:01  network default  (kvm1)"))
    let again = AddressLockMerge(merge.lock, with: [facts], isComplete: true)
    #expect(again.lock == merge.lock)
    #expect(again.changes.isEmpty)
  }

  @Test func reservationsAreHeardBeforeLeases() throws {
    let facts = try Self.facts(
      [
        Self.assignment(Self.mac1, "192.168.122.50", .lease),
        Self.assignment(Self.mac1, "192.168.122.11", .reservation),
        // An old lease of what is reserved for another.
        Self.assignment(Self.mac2, "192.168.122.11", .lease),
      ], more: [.init(machine: "db", mac: Self.mac2, network: "default")])
    let merge = AddressLockMerge(AddressLock(), with: [facts], isComplete: true)
    #expect(Self.addresses(merge) == ["192.168.122.11"])
    #expect(merge.lock.machines["db"]?[Self.mac2]?.addresses == [])
  }

  @Test func silenceShrinksNothing() throws {
    let old = try Self.lock(["192.168.122.11", "2001:db8::11"])
    // The VM is off: its lease is gone.
    #expect(AddressLockMerge(old, with: [try Self.facts()], isComplete: true).changes.isEmpty)
    // Another host alone was read.
    let other = AddressFacts(host: "kvm2")
    let merge = AddressLockMerge(old, with: [other], isComplete: false)
    #expect(merge.lock == old)
    #expect(merge.goneMachines.isEmpty)
  }

  @Test func whatAHostContradictsIsReplaced() throws {
    let old = try Self.lock(["192.168.122.50", "172.16.0.9", "2001:db8::11"])
    let facts = try Self.facts([Self.assignment(Self.mac1, "192.168.122.51", .lease)])
    let merge = AddressLockMerge(old, with: [facts], isComplete: true)
    // What the network's server does not give out is not its to contradict.
    #expect(Self.addresses(merge) == ["172.16.0.9", "192.168.122.51", "2001:db8::11"])
    #expect(
      merge.changes.map(\.text) == [
        "~ web 52:54:00:aa:bb:01  192.168.122.50 → 192.168.122.51  (lease, network default, kvm1)"
      ])
  }

  @Test func anotherHasTheAddressNow() throws {
    let old = try Self.lock(["192.168.122.50"])
    let facts = try Self.facts(
      [Self.assignment(Self.mac2, "192.168.122.50", .lease)],
      more: [.init(machine: "db", mac: Self.mac2, network: "default")])
    let merge = AddressLockMerge(old, with: [facts], isComplete: true)
    #expect(Self.addresses(merge) == [])
    #expect(merge.changes.map(\.text).contains("- web 52:54:00:aa:bb:01  192.168.122.50  (kvm1)"))
    // The same addresses on another host's network are another's business.
    let elsewhere = AddressFacts(
      host: "kvm2", interfaces: [.init(machine: "db", mac: Self.mac2, network: "default")],
      assignments: facts.assignments)
    let both = AddressLockMerge(old, with: [try Self.facts(), elsewhere], isComplete: true)
    #expect(Self.addresses(both) == ["192.168.122.50"])
  }

  @Test func anInterfaceMovesToAnotherNetwork() throws {
    let old = try Self.lock(["192.168.122.50", "172.16.0.9"])
    let merge = AddressLockMerge(old, with: [try Self.facts(network: "lan")], isComplete: true)
    #expect(Self.addresses(merge) == ["172.16.0.9"])
    #expect(merge.changes.map(\.text).contains("~ web 52:54:00:aa:bb:01  network default → network lan  (kvm1)"))
  }

  @Test func networksOfSeveralHosts() throws {
    let first = try Self.facts()
    var second = AddressFacts(
      host: "kvm2", networks: ["default": try Self.network("192.168.123.0/24", "192.168.123.1")])
    let merge = AddressLockMerge(AddressLock(), with: [second, first], isComplete: true)
    #expect(merge.lock.networks["default"]?.subnets.count == 2)
    #expect(merge.differingNetworks == ["default"])
    #expect(AddressLockMerge(AddressLock(), with: [first, second], isComplete: true) == merge)
    // With one of them away, what it may have said stays; with both there, it goes.
    #expect(AddressLockMerge(merge.lock, with: [first], isComplete: false).lock == merge.lock)
    second.networks = first.networks
    let mended = AddressLockMerge(merge.lock, with: [first, second], isComplete: true)
    #expect(mended.lock.networks["default"] == first.networks["default"])
    #expect(mended.changes.map(\.text).contains("- network default  gateway 192.168.123.1  (kvm1, kvm2)"))
  }

  @Test func pruning() throws {
    let old = try Self.lock(["192.168.122.50"])
    let empty = AddressFacts(host: "kvm1")
    let kept = AddressLockMerge(old, with: [empty], isComplete: true)
    #expect(kept.lock == old)
    #expect(kept.goneMachines == ["web"])
    let pruned = AddressLockMerge(old, with: [empty], isComplete: true, prunes: true)
    #expect(pruned.lock == AddressLock())
    #expect(pruned.changes.map(\.text).contains("- web 52:54:00:aa:bb:01  192.168.122.50  (no host has it)"))
    #expect(AddressLockMerge(old, with: [empty], isComplete: false, prunes: true).lock == old)
  }

  @Test func aSharedAddressIsNobodys() throws {
    let facts = try Self.facts(
      [Self.assignment(Self.mac1, "192.168.122.11", .lease)],
      more: [.init(machine: "clone", mac: Self.mac1, network: "default")])
    #expect(facts.sharedMACs == [Self.mac1])
    let merge = AddressLockMerge(AddressLock(), with: [facts], isComplete: true)
    #expect(Self.addresses(merge) == [])
    #expect(merge.lock.machines["clone"]?[Self.mac1]?.addresses == [])
  }
}
