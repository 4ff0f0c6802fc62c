// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Testing

@testable import FilterXML

@Suite struct NetworkTests {
  private static func network(_ inside: String) throws -> NetworkXML {
    try NetworkXML(parsing: "<network><name>lan</name>\(inside)</network>")
  }

  @Test func translated() throws {
    let network = try Self.network(
      """
      <forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward><bridge name='virbr0' stp='on'/>
      <ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.9'/>
        <host mac='52:54:00:aa:bb:01' name='web' ip='192.168.122.11'/></dhcp></ip>
      <ip family='ipv6' address='2001:db8::1' prefix='64'><dhcp>
        <host name='web' ip='2001:db8::11'/>
        <host id='0:3:0:1:52:54:0:aa:bb:2' ip='2001:db8::12'/>
        <host id='00:01:00:01:2a:bb:cc:dd:52:54:00:aa:bb:03' name='web' ip='2001:db8::13'/>
        <host id='00:04:11:22' name='web' ip='2001:db8::14'/>
        <host name='unknown' ip='2001:db8::15'/></dhcp></ip>
      """)
    #expect(network.name == "lan")
    #expect(network.bridge == "virbr0")
    let own = Set(["192.168.122.1", "2001:db8::1"].compactMap { AddressLock.Address($0) })
    let subnets = Set(["192.168.122.0/24", "2001:db8::/64"].compactMap { AddressLock.Subnet($0) })
    #expect(network.described == AddressLock.Network(subnets: subnets, gateway: own, dns: own, host: own))
    #expect(
      network.assignments.map { "\($0.mac) \($0.address)" } == [
        "52:54:00:aa:bb:01 192.168.122.11", "52:54:00:aa:bb:01 2001:db8::11", "52:54:00:aa:bb:02 2001:db8::12",
        "52:54:00:aa:bb:03 2001:db8::13",
      ])
    #expect(network.assignments.allSatisfy { $0.network == "lan" && $0.source == .reservation })
  }

  @Test(arguments: [
    ("", "192.0.2.0/24"), ("<forward mode='route'/>", "192.0.2.0/24"), ("<forward mode='open'/>", "192.0.2.0/24"),
    ("<forward/>", "192.0.2.0/24"), ("<forward mode='bridge'/>", nil), ("<forward mode='hostdev'/>", nil),
  ])
  func forwardModes(forward: String, subnet: String?) throws {
    let network = try Self.network(forward + "<ip address='192.0.2.1' prefix='24'/>")
    #expect(network.described?.subnets.map(\.description) == subnet.map { [$0] })
  }

  @Test(arguments: [
    ("address='10.1.1.1'", "10.0.0.0/8"), ("address='172.16.1.1'", "172.16.0.0/16"),
    ("address='192.168.1.1'", "192.168.1.0/24"), ("address='10.1.1.1' netmask='255.255.254.0'", "10.1.0.0/23"),
    ("family='ipv6' address='2001:db8::1'", "2001:db8::/64"), ("address='10.1.1.1' netmask='255.0.255.0'", nil),
    ("address='10.1.1.1' netmask='255.255.255.255'", "10.1.1.1/32"), ("address='banana'", nil),
  ])
  func prefixes(attributes: String, subnet: String?) throws {
    let network = try Self.network("<ip \(attributes)/>")
    #expect(network.described?.subnets.map(\.description) == subnet.map { [$0] })
  }

  @Test func withoutNamesOrAddresses() throws {
    let silent = try #require(try Self.network("<dns enable='no'/><ip address='192.0.2.1' prefix='24'/>").described)
    #expect(silent.dns.isEmpty)
    #expect(silent.gateway == silent.host)
    #expect(try Self.network("").described == nil)
    #expect(throws: DiagnosticError.self) { try NetworkXML(parsing: "<domain/>") }
    #expect(throws: DiagnosticError.self) { try NetworkXML(parsing: "<network>") }
  }

  @Test func guestAgents() {
    func domain(_ target: String) -> String {
      "<domain><devices><channel type='unix'><target type='virtio' \(target)/></channel></devices></domain>"
    }
    #expect(DomainXML.hasGuestAgent(domain("name='org.qemu.guest_agent.0' state='connected'")))
    #expect(!DomainXML.hasGuestAgent(domain("name='org.qemu.guest_agent.0' state='disconnected'")))
    #expect(!DomainXML.hasGuestAgent(domain("name='com.redhat.spice.0' state='connected'")))
    #expect(!DomainXML.hasGuestAgent("<domain/>"))
  }
}
