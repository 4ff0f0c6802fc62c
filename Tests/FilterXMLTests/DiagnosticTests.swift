// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Testing

/// What libvirt would drop, widen or refuse is said, with the place.
@Suite struct DiagnosticTests {
  @Test(
    arguments: [
      ("<tcp dstprotstart='22'/>", "unknown-attribute", "did you mean 'dstportstart'?"),
      ("<dccp/>", "unknown-protocol", nil),
      ("<TCP/>", "unknown-protocol", "did you mean 'tcp'?"),
      ("<tcp/><udp/>", "second-protocol", nil),
      ("<ip srcipaddr='010.0.0.1'/>", "bad-value", "libvirt reads a number with a leading zero as octal"),
      ("<tcp dstportstart='65536'/>", "bad-value", nil),
      ("<tcp dstportstart='abc'/>", "bad-value", nil),
      ("<tcp connlimit-above='0x5'/>", "bad-value", "libvirt reads decimal numbers only here"),
      ("<tcp ipset='a' ipsetflags='src'/>", "not-kept-by-libvirt", nil),
      ("<tcp match='no' dstportstart='22'/>", "negation-lost", nil),
      ("<tcp dstportend='22'/>", "missing-base", nil),
      ("<tcp match='no'/>", "empty-negation", nil),
      ("<tcp match='NO' dstportstart='22'/>", "bad-value", nil),
      ("<all state='$S'/>", "variable-not-allowed", nil),
      ("<all comment='$S'/>", "bad-value", nil),
      ("<arp gratuitous='false'/>", "bad-value", nil),
      ("<ip dstportstart='22'/>", "ports-before-protocol", nil),
      ("<ip dstportstart='22'/><ip protocol='tcp'/>", "ports-before-protocol", nil),
      ("<ip protocol='6'/><ip protocol='17'/>", "repeated-attribute", nil),
      ("<tcp>x</tcp>", "unexpected-text", nil),
      ("<tcp><udp/></tcp>", "unexpected-text", nil),
    ] as [(String, String, String?)])
  func inARule(element: String, code: String, hint: String?) throws {
    let xml = "<filter name='f'>\n <rule action='drop' direction='in'>\n  \(element)\n </rule>\n</filter>"
    let parsed = FilterXML.parse(xml, file: "f.xml")
    let found = try #require(parsed.diagnostics.first { $0.code.rawValue == code })
    #expect(found.severity == .error)
    #expect(found.range?.start.line == 3)
    if let hint { #expect(found.hint == hint) }
  }

  @Test(arguments: [
    ("<filter name='f' chian='ipv4'/>", "unknown-attribute"),
    ("<filter/>", "missing-name"),
    ("<filter name='a b'/>", "bad-filter-name"),
    ("<filter name='f' chain='rootx'/>", "bad-chain"),
    ("<filter name='f' priority='3'/>", "priority-without-chain"),
    ("<filter name='f' chain='ipv4' priority='0'/>", "priority-lost"),
    ("<filter name='f' chain='ipv4' priority='1001'/>", "bad-priority"),
    ("<filter name='f' chain='ipv4' priority='x'/>", "bad-value"),
    ("<filter name='f'><uuid>5</uuid></filter>", "bad-uuid"),
    ("<filter name='f'><description/></filter>", "unknown-element"),
    ("<filter name='f'>text</filter>", "unexpected-text"),
    ("<filter name='f'><rule direction='in'/></filter>", "missing-action"),
    ("<filter name='f'><rule action='accept'/></filter>", "missing-direction"),
    ("<filter name='f'><rule action='Accept' direction='in'/></filter>", "bad-value"),
    ("<filter name='f'><rule action='drop' direction='in' priority='1001'/></filter>", "bad-priority"),
    ("<filter name='f'><rule action='drop' direction='in' priority='1k'/></filter>", "bad-value"),
    ("<filter name='f'><rule action='drop' direction='in' statematch='no'/></filter>", "bad-value"),
    ("<filter name='f'><filterref/></filter>", "missing-filter"),
    (
      "<filter name='f'><filterref filter='x'><parameter name='A' value='1/2'/></filterref></filter>",
      "bad-parameter-value"
    ),
    (
      "<filter name='f'><filterref filter='x'><parameter name='A-B' value='1'/></filterref></filter>",
      "bad-parameter-name"
    ),
    ("<filter name='f'><filterref filter='x'><parameter name='A'/></filterref></filter>", "bad-parameter"),
    ("<network name='f'/>", "not-a-filter"),
    ("<filter name='f'>", "bad-xml"),
    ("", "bad-xml"),
    ("<!DOCTYPE filter [<!ENTITY a '&b;&b;'><!ENTITY b '&a;&a;'>]><filter name='&a;'/>", "doctype-refused"),
    ("<filter name='&a;'/>", "bad-xml"),
  ])
  func inAFilter(xml: String, code: String) {
    #expect(FilterXML.parse(xml).diagnostics.contains { $0.code.rawValue == code && $0.severity == .error })
  }

  @Test func placesOfAttributes() throws {
    let xml = """
      <?xml version='1.0' encoding='ISO-8859-1'?>
      <filter name='f'>
        <rule action='accept'
              direction='in'
              priority='2000'>
          <tcp comment='é'   dstportstart='70000'
          />
        </rule>
      </filter>
      """
    let parsed = FilterXML.parse(xml, file: "f.xml")
    let places = Dictionary(uniqueKeysWithValues: parsed.diagnostics.map { ($0.code.rawValue, $0.range) })
    #expect(places["bad-value"]??.description == "f.xml:6:24")
    #expect(places["bad-value"]??.end == SourcePosition(line: 6, column: 44))
    #expect(places["bad-priority"]??.description == "f.xml:5:9")
    #expect(parsed.filter?.rules.first?.priority == Rule.defaultPriority)
  }

  @Test func readsAsLibvirtDoes() throws {
    let xml = """
      <filter name='f' chain='ipv4'><uuid> 5C6D49AFB0716127B4EC6F8ED4B55335
      </uuid><!-- a comment --><rule action='drop' direction='out' statematch='FALSE'>
      <ip match='no' srcipaddr='10.0.0.1'/><ip match='yes' srcipmask='255.255.255.0' protocol='0x6'/>
      </rule><filterref filter='x'><parameter name='A' value='2'/><parameter name='B' value='1'/>
      <parameter name='A' value='1'/></filterref></filter>
      """
    let filter = try #require(FilterXML.parse(xml).filter)
    #expect(filter.priority == -700)
    #expect(filter.uuid?.description == "5c6d49af-b071-6127-b4ec-6f8ed4b55335")
    #expect(filter.references == [FilterReference("x", parameters: ["A": ["2", "1"], "B": ["1"]])])
    let rule = try #require(filter.rules.first)
    #expect(rule.matchesState == false)
    #expect(rule.match?["srcipaddr"]?.isNegated == true)
    #expect(rule.match?["srcipmask"]?.isNegated == true)
    #expect(rule.match?["protocol"] == rule.match?.attributes.last)
    #expect(rule.match?["protocol"]?.isNegated == false)
  }
}
