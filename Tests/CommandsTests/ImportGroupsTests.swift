// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Planning
import PolicyLanguage
import Testing

@testable import Commands

/// Hand-written filters, as they are found on hosts, that become groups with rules, and those that cannot.
@Suite struct ImportGroupsTests {
  // MARK: Hosts

  private static func host(
    _ filters: [String], root: String, _ parameters: [String: [String]] = [:]
  ) throws -> ObservedHost {
    let interfaces = (1...2).map { number in
      ObservedMachine(
        name: "vm-\(number)", uuid: ObjectUUID(high: 1, low: UInt64(number)), isRunning: false, isPersistent: true,
        interfaces: [
          ObservedInterface(
            mac: MACAddress(bits: 0x5254_0000_0010 + UInt64(number)), type: "bridge", carriesFilters: true, device: nil,
            live: .absent, config: .present(FilterReference(root, parameters: parameters)))
        ])
    }
    let own = try filters.map { xml in
      let parsed = FilterXML.parse(xml, file: "filter.xml")
      return try #require(parsed.filter, "\(parsed.diagnostics)")
    }
    let all = own + StockFilters.filters().map(\.filter)
    return ObservedHost(
      name: "kvm1", uri: "qemu:///system",
      filters: all.map { ObservedFilter(name: $0.name, uuid: ObjectUUID(high: 9, low: 9), xml: "", filter: $0) },
      machines: interfaces)
  }

  private static func outcome(
    _ rules: String, sameFlows: Bool = false, _ parameters: [String: [String]] = [:]
  ) throws -> (ImportDocument.Outcome, text: String) {
    let xml = "<filter name='web' chain='root'>\(rules)</filter>"
    let imported = try HostImport(
      host([xml], root: "web", parameters), as: .groups, acceptsSameFlows: sameFlows)
    return (try #require(imported.outcomes?.first), imported.text)
  }

  /// The group of a filter that becomes one, without what is said about it.
  private static func group(
    _ rules: String, sameFlows: Bool = false, _ parameters: [String: [String]] = [:]
  ) throws -> String {
    let (outcome, text) = try outcome(rules, sameFlows: sameFlows, parameters)
    try #require(outcome.becomes == .rules, "\(outcome)")
    // Nobody needs the filter any more.
    #expect(!text.contains("adopt: true"))
    let lines = text.split(separator: "\n").drop { $0 != "groups:" }
    return lines.filter { !$0.hasPrefix("  #") }.dropFirst(3).map { $0.dropFirst(4) }.joined(separator: "\n")
  }

  private static func reason(
    _ rules: String, sameFlows: Bool = false, _ parameters: [String: [String]] = [:]
  ) throws -> String {
    let (outcome, text) = try outcome(rules, sameFlows: sameFlows, parameters)
    #expect(outcome.becomes == .filter, "\(text)")
    #expect(text.contains("filter: web"))
    return ([outcome.reason ?? ""] + outcome.remarks).joined(separator: "\n")
  }

  private static let dropAll = """
    <rule action='drop' direction='inout' priority='1000'><all/></rule>
    <rule action='drop' direction='inout' priority='1000'><all-ipv6/></rule>
    """

  // MARK: Filters that become groups

  @Test func aWebServer() throws {
    let group = try Self.group(
      """
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='80' comment='the web'/></rule>
      <rule action='accept' direction='in' priority='100'><tcp-ipv6 dstportstart='80' comment='of IPv6'/></rule>
      <rule action='accept' direction='in' priority='110'>
        <tcp srcipaddr='192.0.2.0' srcipmask='24' dstportstart='22'/>
      </rule>
      <rule action='accept' direction='out' priority='200'><all/></rule>
      <rule action='accept' direction='out' priority='200'><all-ipv6/></rule>
      \(Self.dropAll)
      """)
    #expect(
      group == """
        guard: {mac: any, arp: false, ethertypes: any, system: none}
        in:
          - {rule: allow tcp/80, comment: the web; of IPv6}
          - allow tcp/22 from 192.0.2.0/24
        default: {in: drop, out: allow}
        """)
  }

  @Test func oneThatForgetsIPv6() throws {
    let rules = """
      <filterref filter='no-mac-spoofing'/>
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='443'/></rule>
      <rule action='accept' direction='inout' priority='150'><icmp/></rule>
      <rule action='accept' direction='out' priority='200'><udp dstportstart='53'/></rule>
      <rule action='drop' direction='inout' priority='1000'><all/></rule>
      """
    let group = try Self.group(rules)
    #expect(
      group == """
        guard: {arp: false, ethertypes: any, system: none}
        in:
          - allow tcp/443 from 0.0.0.0/0
          - {rule: allow icmpv4, stateless: true}
          - {rule: "allow any from ::/0", stateless: true}
        out:
          - {rule: allow icmpv4, stateless: true}
          - allow udp/53 to 0.0.0.0/0
          - {rule: "allow any to ::/0", stateless: true}
        default: {in: drop, out: drop}
        """)
    // On a host that drops what it forwards this is more than before: it is said.
    let remarks = try Self.outcome(rules).0.remarks
    #expect(remarks.count == 1 && remarks[0].contains("FORWARD"), "\(remarks)")
    #expect(remarks[0].contains("in: any (IPv6)"), "\(remarks)")
  }

  @Test func aDenyList() throws {
    let group = try Self.group(
      """
      <rule action='drop' direction='out' priority='100'><tcp dstportstart='25'/></rule>
      <rule action='accept' direction='out' priority='200'><all/></rule>
      <rule action='accept' direction='out' priority='200'><all-ipv6/></rule>
      \(Self.dropAll)
      """)
    #expect(
      group == """
        guard: {mac: any, arp: false, ethertypes: any, system: none}
        in:
          - {rule: drop tcp from 0.0.0.0/0, from-port: 25}
        out:
          - drop tcp/25 to 0.0.0.0/0
        default: {in: drop, out: allow}
        """)
  }

  @Test func errorsOfICMP() throws {
    let group = try Self.group(
      """
      <rule action='accept' direction='inout' priority='50'><icmp state='RELATED'/></rule>
      <rule action='accept' direction='inout' priority='50'><icmpv6 state='RELATED'/></rule>
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='80'/></rule>
      <rule action='accept' direction='out' priority='200'><all/></rule>
      \(Self.dropAll)
      """)
    #expect(group.contains("system: icmp-errors") && group.contains("- allow any to 0.0.0.0/0"), "\(group)")
  }

  @Test func aLabThatReachesItsGatewayOnly() throws {
    let group = try Self.group(
      """
      <rule action='accept' direction='out' priority='100'><all dstipaddr='$GATEWAY'/></rule>
      <rule action='drop' direction='inout' priority='1000'><all/></rule>
      """, ["GATEWAY": ["192.168.122.1", "192.168.122.2"]])
    #expect(group.contains("out:\n  - allow any to 192.168.122.1\n  - allow any to 192.168.122.2\n"), "\(group)")
  }

  @Test func ownMACAddressOnly() throws {
    let group = try Self.group("<filterref filter='no-mac-spoofing'/>")
    #expect(group.hasPrefix("guard: {arp: false, ethertypes: any, system: none}\n"), "\(group)")
  }

  @Test func pingByItsTypes() throws {
    let group = try Self.group(
      """
      <rule action='accept' direction='in' priority='100'><icmp type='8'/></rule>
      <rule action='accept' direction='out' priority='100'><icmp type='0'/></rule>
      \(Self.dropAll)
      """)
    #expect(group.contains("in:\n  - allow icmpv4/8\ndefault"), "\(group)")
  }

  // MARK: Filters that stay

  @Test(arguments: [
    ("<rule action='accept' direction='in'><tcp dstportstart='22' connlimit-above='3'/></rule>", "counts connections"),
    ("<rule action='accept' direction='in'><all ipset='office' ipsetflags='src'/></rule>", "kernel set"),
    ("<rule action='drop' direction='out'><ip match='no' dstipaddr='192.0.2.1'/></rule>", "about layer 2 (ip)"),
    ("<rule action='drop' direction='out'><tcp match='no' dstipaddr='192.0.2.1'/></rule>", "all but some dstipaddr"),
    ("<rule action='drop' direction='in'><tcp flags='SYN,ACK/SYN'/></rule>", "TCP flags"),
    ("<rule action='drop' direction='in'><all state='NEW'/></rule>", "by the state of connections"),
    ("<filterref filter='clean-traffic'/>", "learns $IP"),
    ("<filterref filter='gone'/>", "filter gone does not exist"),
  ])
  func staysWithTheReason(rules: String, reason: String) throws {
    let text = try Self.reason(rules + Self.dropAll)
    #expect(text.contains(reason), "\(text)")
  }

  @Test func oddChains() throws {
    let rule = "<rule action='drop' direction='in'><ip/></rule>"
    let chain = "<filter name='odd' chain='ipv4-odd' priority='-650'>\(rule)</filter>"
    let root = "<filter name='web' chain='root'><filterref filter='odd'/></filter>"
    let imported = try HostImport(Self.host([chain, root], root: "web"), as: .groups)
    let outcome = try #require(imported.outcomes?.first)
    #expect(outcome.becomes == .filter)
    #expect(
      outcome.reason == "rule 1 of filter odd is about layer 2 (ip), of which groups have their guard only")
    // The filter is needed, with what it refers to.
    #expect(imported.text.contains("  odd:\n") && imported.text.contains("  web:\n    adopt: true"))
    #expect(imported.warnings.contains { $0.code == "stays-native" })
  }

  /// What would be different under the nearest guard is said, with packets.
  @Test func cleanTraffic() throws {
    let text = try Self.reason("<filterref filter='clean-traffic'/>", ["IP": ["192.0.2.10"]])
    #expect(text.contains("does not decide all packets the same"), "\(text)")
    #expect(text.contains("newly denied out: udp"), "\(text)")
  }

  @Test func cleanTrafficWithAnAllowList() throws {
    let text = try Self.reason(
      """
      <filterref filter='clean-traffic'/>
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='443'/></rule>
      \(Self.dropAll)
      """, ["IP": ["192.0.2.10"]])
    #expect(text.contains("newly allowed"), "\(text)")
  }

  /// Without a last denial everything passes, packets of no connection too: behind a denial no group can say that.
  @Test func aDenyListWithoutAnEnd() throws {
    let text = try Self.reason("<rule action='drop' direction='out' priority='100'><tcp dstportstart='25'/></rule>")
    #expect(text.contains("as a group it would be no valid policy"), "\(text)")
  }

  /// What the host sends meets no inbound rule, and with such a rule the answers pass as well: no group does that.
  @Test func establishedOfAnyConnection() throws {
    let rules = """
      <rule action='accept' direction='inout' priority='50'><all state='ESTABLISHED,RELATED'/></rule>
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='443' state='NEW'/></rule>
      <rule action='accept' direction='out' priority='100'><all state='NEW'/></rule>
      <rule action='drop' direction='inout' priority='1000'><all/></rule>
      """
    for sameFlows in [false, true] {
      let text = try Self.reason(rules, sameFlows: sameFlows)
      #expect(text.contains("newly one way, not answered, in:") && text.contains("(routed, from the host)"), "\(text)")
    }
  }

  /// States of one's own, as iptables has them: new connections are the same, packets out of the blue are not.
  @Test func statesOfOnesOwn() throws {
    let rules = """
      <rule action='accept' direction='in' priority='100'><tcp dstportstart='80' state='NEW,ESTABLISHED'/></rule>
      <rule action='accept' direction='out' priority='100'><tcp srcportstart='80' state='ESTABLISHED'/></rule>
      \(Self.dropAll)
      """
    let text = try Self.reason(rules)
    #expect(text.contains("the nearest group decides new connections the same, and other packets not"), "\(text)")
    let group = try Self.group(rules, sameFlows: true)
    #expect(group.contains("in:\n  - allow tcp/80 from 0.0.0.0/0\n"), "\(group)")
    let remarks = try Self.outcome(rules, sameFlows: true).0.remarks
    #expect(remarks.first == "New connections are decided as before, and of other packets all but:", "\(remarks)")
    #expect(remarks.count > 1)
  }

  // MARK: Native

  @Test func aSectionThatSaysSomethingElse() throws {
    let filters = [Filter(name: "a", entries: [.rule(Rule(.accept, .in))]), Filter(name: "b")]
    let text = PolicyWriter.filters(filters)
    try HostImport.check(text, filters)
    for wrong in [text.replacing("accept", with: "drop"), PolicyWriter.filters([filters[1]])] {
      let error = #expect(throws: DiagnosticError.self) { try HostImport.check(wrong, filters) }
      let first = try #require(error?.diagnostics.first)
      #expect(first.code == "import-differs" && first.message.contains("filter a "))
    }
  }
}
