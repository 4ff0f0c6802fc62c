// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Libvirt
import Testing

@testable import Reconcile

@Suite struct AddressSuggestionTests {
  /// Guests may say what they like: only addresses of interfaces that they have, and that could be in a rule, are shown.
  @Test func whatGuestsSay() throws {
    let mac = try #require(MACAddress("52:54:00:aa:bb:01"))
    let facts = AddressFacts(host: "kvm1", interfaces: [.init(machine: "web", mac: mac, network: nil)])
    func said(_ address: String, _ mac: String = "52:54:00:AA:BB:01", by domain: String = "web")
      -> InterfaceAddressDocument
    {
      InterfaceAddressDocument(domain: domain, mac: mac, address: address)
    }
    let list = AddressSuggestion.list(
      [
        (said("2001:db8::7"), .agent), (said("10.0.0.7"), .agent), (said("10.0.0.7"), .arp), (said("10.0.0.6"), .arp),
        (said("fe80::1"), .agent), (said("127.0.0.1"), .agent), (said("\u{1b}[31m"), .agent),
        (said("10.0.0.8", "02:42:00:00:00:01"), .agent), (said("10.0.0.9", by: "other"), .agent),
        (said("10.0.0.9", "banana"), .agent),
      ], facts)
    #expect(
      list.map { "\($0.address) \($0.source.rawValue)" } == ["10.0.0.6 arp", "10.0.0.7 agent", "2001:db8::7 agent"])
    #expect(list.allSatisfy { $0.machine == "web" && $0.mac == mac && $0.host == "kvm1" })
  }
}
