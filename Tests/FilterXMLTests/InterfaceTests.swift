// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Testing

@Suite struct InterfaceTests {
  private static let domain = """
    <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
      <name>héé</name>
      <devices>
        <disk type='file'/>
        <interface type='network'>
          <mac address='52:54:00:00:00:01'/>
          <source network='default' portid='p'/>
          <target dev='vnet3'/>
          <model type='virtio'/>
          <filterref filter='clean-traffic'>
            <parameter name='IP' value='10.0.0.1'/>
            <parameter name='IP' value='10.0.0.2'/>
          </filterref>
          <alias name='net&amp;0'/>
        </interface>
        <interface type='bridge'>
          <mac address='52:54:00:00:00:02'/>
          <source bridge='br0'/>
          <virtualport type='openvswitch'/>
        </interface>
        <interface type='user'/>
        <interface type='direct'><source dev='eth0'/></interface>
      </devices>
      <qemu:commandline/>
    </domain>
    """

  @Test func facts() throws {
    let all = try DomainXML.interfaces(of: Self.domain)
    #expect(all.map(\.type) == ["network", "bridge", "user", "direct"])
    #expect(all.map(\.canCarryFilter) == [true, false, false, false])
    #expect(all[0].mac == MACAddress("52:54:00:00:00:01"))
    #expect(all[0].sourceNetwork == "default")
    #expect(all[0].targetDevice == "vnet3")
    #expect(all[0].reference == FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1", "10.0.0.2"]]))
    #expect(all[1].sourceBridge == "br0")
    #expect(all[1].reference == nil)
    #expect(all[3].sourceDevice == "eth0")
    #expect(all[0].text.hasPrefix("<interface type=\"network\">"))
    #expect(all[0].text.hasSuffix("</interface>"))
  }

  @Test func replacesAndRemoves() throws {
    let interface = try DomainXML.interfaces(of: Self.domain)[0]
    let reference = FilterReference("f", parameters: ["B": ["1"], "A": ["2", "3"]])
    let replaced = try InterfaceXML(parsing: interface.with(filterReference: reference))
    #expect(replaced.reference == reference)
    #expect(try InterfaceXML(parsing: replaced.with(filterReference: interface.reference)).text == interface.text)
    let without = interface.with(filterReference: nil)
    let lines = interface.text.split(separator: "\n").filter { line in
      !line.contains("filterref") && !line.contains("parameter")
    }
    #expect(without == lines.joined(separator: "\n"))
  }

  @Test func adds() throws {
    let text = try InterfaceXML(
      parsing: "<interface type='bridge'>\n  <mac address='52:54:00:00:00:02'/>\n</interface>"
    ).with(filterReference: FilterReference("f", parameters: ["IP": ["10.0.0.1"]]))
    #expect(
      text == """
        <interface type="bridge">
          <mac address="52:54:00:00:00:02"/>
          <filterref filter="f">
            <parameter name="IP" value="10.0.0.1"/>
          </filterref>
        </interface>
        """)
    let empty = try InterfaceXML(parsing: "<interface type='bridge'/>").with(filterReference: FilterReference("f"))
    #expect(empty == #"<interface type="bridge"><filterref filter="f"/></interface>"#)
  }

  @Test func filtersWithOddNames() throws {
    let interface = try InterfaceXML(parsing: "<interface><filterref filter='my filter'/></interface>")
    #expect(interface.reference == FilterReference("my filter"))
    #expect(try InterfaceXML(parsing: "<interface><filterref/></interface>").reference == nil)
  }

  /// libvirt prints the type of the port that a network gave, and reads the network only of type `network`.
  @Test func liveUpdateKeepsTheNetwork() throws {
    let text = "<interface type='bridge'><source network='lan' portid='1' bridge='br0'/></interface>"
    let update = try InterfaceXML(parsing: text).liveUpdate(filterReference: FilterReference("f"))
    #expect(
      update == """
        <interface type="network"><source network="lan" portid="1" bridge="br0"/><filterref filter="f"/></interface>
        """)
    let bridge = try InterfaceXML(parsing: "<interface type='bridge'><source bridge='br0'/></interface>")
    #expect(bridge.liveUpdate(filterReference: nil) == bridge.text)
  }

  @Test func whatElseChanged() throws {
    let interface = try DomainXML.interfaces(of: Self.domain)[0]
    let other = try InterfaceXML(parsing: interface.with(filterReference: FilterReference("f")))
    #expect(other.textWithoutFilter == interface.textWithoutFilter)
    let model = try InterfaceXML(parsing: other.text.replacing("virtio", with: "e1000"))
    #expect(model.textWithoutFilter != interface.textWithoutFilter)
  }

  @Test(arguments: ["", "<network/>", "<domain>", "<!DOCTYPE x [<!ENTITY a 'b'>]><domain/>"])
  func noDomain(text: String) {
    #expect(throws: DiagnosticError.self) { try DomainXML.interfaces(of: text) }
  }
}
