// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import PolicyLanguage
import Testing

@Suite struct WritingTests {
  @Test func filters() throws {
    let filter = try #require(
      FilterXML.parse(
        """
        <filter name='limit-internet' chain='ipv4'>
          <rule action='accept' direction='out' priority='100'>
            <ip srcipaddr='0.0.0.0' dstipaddr='255.255.255.255' protocol='udp' srcportstart='67' srcportend='68'
              dstportstart='67' dstportend='68'/>
          </rule>
          <rule action='drop' direction='out' priority='200'>
            <ip match='no' dstipaddr='$GATEWAYIP' dstipmask='24'/>
          </rule>
          <rule action='drop' direction='in' statematch='false'>
            <tcp srcipaddr='$IP[@1]' state='NEW,RELATED' comment='a: "b"'/>
          </rule>
          <rule action='drop' direction='in'><all/></rule>
          <rule action='accept' direction='in'>
            <ip match='no' srcipaddr='10.0.0.1'/><ip protocol='tcp'/>
          </rule>
          <rule action='drop' direction='inout'/>
          <filterref filter='clean-traffic'><parameter name='DHCPSERVER' value='10.3.2.1'/></filterref>
          <filterref filter='x'><parameter name='P' value='22:25'/><parameter name='IP' value='10.0.0.1'/>
          <parameter name='IP' value='no'/></filterref>
        </filter>
        """
      ).filter)
    #expect(
      PolicyWriter.filters([filter, Filter(name: "no", chain: "ipv4-ip", priority: -710)], adopted: ["no"]) == #"""
        filters:
          limit-internet:
            chain: ipv4
            rules:
              - action: accept
                direction: out
                priority: 100
                ip:
                  srcipaddr: 0.0.0.0
                  dstipaddr: 255.255.255.255
                  protocol: udp
                  srcportstart: 67
                  srcportend: 68
                  dstportstart: 67
                  dstportend: 68
              - {action: drop, direction: out, priority: 200, ip: {match: no, dstipaddr: $GATEWAYIP, dstipmask: 24}}
              - action: drop
                direction: in
                statematch: false
                tcp: {srcipaddr: "$IP[@1]", state: "NEW,RELATED", comment: "a: \"b\""}
              - {action: drop, direction: in, all: {}}
              - {action: accept, direction: in, ip: [{match: no, srcipaddr: 10.0.0.1}, {protocol: tcp}]}
              - {action: drop, direction: inout}
              - {filterref: clean-traffic, parameters: {DHCPSERVER: 10.3.2.1}}
              - {filterref: x, parameters: {IP: [10.0.0.1, "no"], P: "22:25"}}
          "no":
            chain: ipv4-ip
            priority: -710
            adopt: true
            rules: []

        """#)
  }

  @Test func otherSections() {
    let nowhere = SourceRange(
      file: "", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 1))
    #expect(
      PolicyWriter.project(
        name: "acme", id: "12345678",
        hosts: [InventoryHost(name: "kvm1", uri: "qemu+ssh://kvm1/system", labels: ["site": "ams"], origin: nowhere)])
          == """
          project: acme
          id: "12345678"
          hosts:
            kvm1: {uri: "qemu+ssh://kvm1/system", labels: {site: ams}}

          """)
    #expect(
      PolicyWriter.machines([
        InventoryMachine(name: "web 1", origin: nowhere),
        InventoryMachine(
          name: "vm1", host: "kvm1", interfaces: [.init(mac: MACAddress("52:54:00:01:00:01")!, port: "vnet1")],
          origin: nowhere),
      ]) == """
        vms:
          web 1: {}
          vm1: {host: kvm1, nics: {"52:54:00:01:00:01": {port: vnet1}}}

        """)
    #expect(
      PolicyWriter.groups([
        .init(name: "a", machines: ["web-*"], content: .native(FilterReference("f"))),
        .init(
          name: "b", machines: ["x", "y"], content: .native(FilterReference("g", parameters: ["IP": ["::1"]])),
          remarks: ["one\nline"]),
      ]) == """
        groups:
          a:
            vms: {name: "web-*"}
            filter: f
          # one line
          b:
            vms: {name: [x, "y"]}
            filter: g
            parameters: {IP: "::1"}

        """)
  }

  @Test func nothing() {
    #expect(PolicyWriter.filters([]) == "filters: {}\n")
    #expect(PolicyWriter.groups([]) == "groups: {}\n")
    #expect(PolicyWriter.machines([]) == "vms: {}\n")
  }
}
