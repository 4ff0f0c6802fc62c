// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Libvirt
import Planning
import Testing

@testable import Reconcile

@Suite struct ObservationTests {
  private let observation = Observation(host: "kvm1")
  private let uuid = "d54df46f-1ab5-4a22-8618-4560ef5fac2c"

  private func domain(live: String?, config: String?) -> DomainDocument {
    func text(_ interfaces: String) -> String { "<domain><devices>\(interfaces)</devices></domain>" }
    return DomainDocument(
      name: "vm", uuid: uuid, isActive: live != nil, isPersistent: config != nil, liveXML: live.map(text),
      configXML: config.map(text))
  }

  private func interface(_ type: String, mac: Int = 1, filter: String) -> String {
    "<interface type='\(type)'><mac address='52:54:00:00:00:0\(mac)'/><filterref filter='\(filter)'/></interface>"
  }

  private func code(_ body: () throws -> Void) -> HostError.Code? {
    do { try body() } catch { return (error as? HostError)?.code }
    return nil
  }

  @Test(arguments: [("user", "bridge"), ("bridge", "user")])
  func oneDescriptionCannotHaveFilters(live: String, config: String) throws {
    let machine = try observation.machine(
      domain(live: interface(live, filter: "a"), config: interface(config, filter: "b c")))
    let interface = try #require(machine.interfaces.first)
    #expect(machine.interfaces.count == 1)
    #expect(!interface.carriesFilters && interface.type == "user")
    #expect(interface.live == .present(FilterReference("a")) && interface.config == .present(FilterReference("b c")))
  }

  @Test func bothDescriptionsCanHaveFilters() throws {
    let machine = try observation.machine(
      domain(live: interface("bridge", filter: "a"), config: interface("network", filter: "a")))
    #expect(machine.interfaces.map(\.carriesFilters) == [true])
    #expect(machine.interfaces.map(\.type) == ["bridge"])
  }

  @Test func oneAddressTwice() throws {
    let twice = interface("bridge", filter: "a") + interface("bridge", filter: "b")
    let machine = try observation.machine(domain(live: twice, config: twice + interface("bridge", mac: 2, filter: "c")))
    #expect(
      machine.interfaces.map(\.live) == [.present(FilterReference("a")), .present(FilterReference("b")), .absent])
    #expect(machine.interfaces.map(\.config) == ["a", "b", "c"].map { .present(FilterReference($0)) })
  }

  @Test func aMachineThatCannotBeRead() {
    for text in ["<domain", "<network/>", "<domain><devices><interface type='bridge'/></devices></domain>"] {
      let document = DomainDocument(
        name: "vm", uuid: uuid, isActive: false, isPersistent: true, liveXML: nil, configXML: text)
      #expect(code { _ = try observation.machine(document) } == .unreadable)
    }
  }

  @Test func bindings() throws {
    func text(_ filter: String) -> String {
      """
      <filterbinding><owner><name>vm</name><uuid>\(uuid)</uuid></owner><portdev name='vnet0'/>
      <mac address='52:54:00:00:00:01'/>\(filter)</filterbinding>
      """
    }
    let odd = BindingDocument(portDevice: "vnet0", xml: text("<filterref filter='my filter'/>"))
    #expect(try observation.binding(odd).reference == FilterReference("my filter"))
    let none = BindingDocument(portDevice: "vnet0", xml: text(""))
    #expect(code { _ = try observation.binding(none) } == .unreadable)
  }

  @Test func filters() throws {
    let odd = try observation.filter(xml: "<filter name='a'><unheard-of/></filter>", uuid: uuid, name: "a")
    #expect(odd.filter == nil && odd.uuid == ObjectUUID(uuid))
    #expect(code { _ = try observation.filter(xml: "<filter", uuid: nil, name: "a") } == .unreadable)
  }

  @Test func aCallThatWasNotSentIsReadAgain() {
    let error = LibvirtError(code: .closed, message: "not sent", call: "virNWFilterDefineXML")
    #expect(HostError(error, host: "kvm1").code == .outcomeUnknown)
  }
}
