// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Testing

@Suite struct BindingTests {
  private let binding = FilterBinding(
    ownerName: "vm & <1>", ownerUUID: ObjectUUID("d54df46f-1ab5-4a22-8618-4560ef5fac2c")!, portDevice: "vnet0",
    mac: MACAddress("52:54:00:7b:35:93")!,
    reference: FilterReference("clean-traffic", parameters: ["MAC": ["52:54:00:7b:35:93"], "IP": ["10.0.0.1", "x"]]))

  @Test func roundTrip() throws {
    #expect(try BindingXML.parse(BindingXML.write(binding)) == binding)
    var other = binding
    other.linkDevice = "eth0"
    other.reference.parameters = [:]
    #expect(try BindingXML.parse(BindingXML.write(other)) == other)
  }

  @Test func form() {
    #expect(
      BindingXML.write(binding) == """
        <filterbinding>
          <owner>
            <name>vm &amp; &lt;1&gt;</name>
            <uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid>
          </owner>
          <portdev name='vnet0'/>
          <mac address='52:54:00:7b:35:93'/>
          <filterref filter='clean-traffic'>
            <parameter name='IP' value='10.0.0.1'/>
            <parameter name='IP' value='x'/>
            <parameter name='MAC' value='52:54:00:7b:35:93'/>
          </filterref>
        </filterbinding>

        """)
  }

  /// A host may have names that a policy may not.
  @Test func readsWhatAHostHas() throws {
    var odd = binding
    odd.reference = FilterReference("my <filter>", parameters: ["IP": ["a b", "c"]])
    let text = BindingXML.write(odd)
    #expect(throws: DiagnosticError.self) { try BindingXML.parse(text) }
    #expect(try BindingXML.read(text) == odd)
    #expect(throws: DiagnosticError.self) { try BindingXML.read("<filterbinding/>") }
  }

  @Test func everyMissingPartIsReported() {
    do throws(DiagnosticError) {
      _ = try BindingXML.parse("<filterbinding><mac address='x'/></filterbinding>")
      Issue.record("accepted")
    } catch {
      #expect(error.diagnostics.map(\.code) == Array(repeating: "bad-binding", count: 5))
    }
  }
}
