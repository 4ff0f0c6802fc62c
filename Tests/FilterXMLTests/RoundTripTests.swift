// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterGenerator
import FilterModel
import FilterXML
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: attributeCases())
  func eachAttributeAlone(name: String, filter: Filter) {
    let parsed = FilterXML.parse(FilterXML.write(filter))
    #expect(parsed.diagnostics.filter { $0.severity == .error } == [])
    #expect(parsed.filter == filter)
  }

  @Test func everyAttributeHasACase() {
    let names = Set(attributeCases().map(\.name))
    for filterProtocol in FilterProtocol.allCases {
      for definition in filterProtocol.attributes where definition.refusal == nil {
        #expect(names.contains("case-\(filterProtocol.name)-\(definition.name)"))
      }
    }
  }

  @Test func randomFilters() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let filter = randomFilter(using: &generator)
      let xml = FilterXML.write(filter)
      let parsed = FilterXML.parse(xml)
      #expect(parsed.filter == filter, "\(xml)")
      #expect(!parsed.hasErrors, "\(xml) \(parsed.diagnostics)")
      #expect(FilterXML.write(filter) == parsed.filter.map(FilterXML.write))
    }
  }

  @Test func canonicalForm() {
    var match = Match(.ip)
    let indices = Dictionary(uniqueKeysWithValues: FilterProtocol.ip.attributes.enumerated().map { ($1.name, $0) })
    match.set(indices["dstipaddr"]!, .ipv4(IPv4Address("10.0.0.1")!), isNegated: true)
    match.set(indices["protocol"]!, .number(6))
    match.set(indices["dstportstart"]!, .variable(VariableReference("PORT", .iterator(1))), isNegated: true)
    match.set(indices["comment"]!, .text("a<b & 'c'"))
    let filter = Filter(
      name: "f", uuid: ObjectUUID("5c6d49af-b071-6127-b4ec-6f8ed4b55335"), chain: "ipv4",
      entries: [
        .rule(Rule(.drop, .out, matchesState: false, match: match)),
        .rule(Rule(.accept, .inout, priority: -7)),
        .rule(Rule(.accept, .in, match: Match(.all))),
        .reference(FilterReference("clean-traffic")),
        .reference(FilterReference("x", parameters: ["b": ["2", "1"], "IP": ["10.0.0.1"]])),
      ])
    #expect(
      FilterXML.write(filter) == """
        <filter name='f' chain='ipv4' priority='-700'>
          <uuid>5c6d49af-b071-6127-b4ec-6f8ed4b55335</uuid>
          <rule action='drop' direction='out' priority='500' statematch='false'>
            <ip match='no' dstipaddr='10.0.0.1'/>
            <ip protocol='tcp'/>
            <ip match='no' dstportstart='$PORT[@1]'/>
            <ip comment='a&lt;b &amp; &apos;c&apos;'/>
          </rule>
          <rule action='accept' direction='inout' priority='-7'/>
          <rule action='accept' direction='in' priority='500'>
            <all/>
          </rule>
          <filterref filter='clean-traffic'/>
          <filterref filter='x'>
            <parameter name='IP' value='10.0.0.1'/>
            <parameter name='b' value='2'/>
            <parameter name='b' value='1'/>
          </filterref>
        </filter>

        """)
  }
}
