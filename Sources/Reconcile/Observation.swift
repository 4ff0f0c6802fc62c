// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Libvirt
import Planning

/// What libvirt's texts say, as a plan looks at it.
///
/// Everything that the host has is in it: an object that was left out would look like one that is not there, and what it
/// refers to like something that nothing needs.
struct Observation {
  /// The host's name, for errors.
  let host: String

  /// - Parameter uuid: libvirt's word for it; nil where only the text is at hand.
  /// - Throws: `HostError` with code `unreadable` where not even the UUID can be told; a filter that says something unknown
  ///   is there, without a model.
  func filter(xml: String, uuid: String?, name: String) throws(HostError) -> ObservedFilter {
    let parsed = FilterXML.parse(xml)
    guard let uuid = uuid.flatMap(ObjectUUID.init) ?? parsed.filter?.uuid else {
      throw unreadable("filter \(name)", parsed.diagnostics)
    }
    return ObservedFilter(name: name, uuid: uuid, xml: xml, filter: parsed.hasErrors ? nil : parsed.filter)
  }

  /// - Throws: `HostError` with code `unreadable`.
  func binding(_ document: BindingDocument) throws(HostError) -> ObservedBinding {
    do throws(DiagnosticError) {
      let binding = try BindingXML.read(document.xml)
      return ObservedBinding(
        device: binding.portDevice, ownerName: binding.ownerName, ownerUUID: binding.ownerUUID, mac: binding.mac,
        reference: binding.reference)
    } catch {
      throw unreadable("the filter binding of port \(document.portDevice)", error.diagnostics)
    }
  }

  /// - Throws: `HostError` with code `unreadable`.
  func machine(_ domain: DomainDocument) throws(HostError) -> ObservedMachine {
    guard let uuid = ObjectUUID(domain.uuid) else { throw unreadable("VM \(domain.name)", []) }
    let live = try interfaces(of: domain.name, domain.liveXML)
    var stored = try interfaces(of: domain.name, domain.configXML)
    var interfaces: [ObservedInterface] = []
    for (mac, interface) in live {
      // A VM may have one address several times: then the first of the one text is the first of the other.
      let config = stored.firstIndex { $0.mac == mac }.map { stored.remove(at: $0).interface }
      interfaces.append(Self.interface(mac, live: interface, config: config))
    }
    for (mac, interface) in stored { interfaces.append(Self.interface(mac, live: nil, config: interface)) }
    return ObservedMachine(
      name: domain.name, uuid: uuid, isRunning: domain.isActive, isPersistent: domain.isPersistent,
      interfaces: interfaces)
  }

  private static func interface(_ mac: MACAddress, live: InterfaceXML?, config: InterfaceXML?) -> ObservedInterface {
    let all = [live, config].compactMap(\.self)
    let incapable = all.first { !$0.canCarryFilter }
    return ObservedInterface(
      mac: mac, type: (incapable ?? all.first)?.type ?? "", carriesFilters: incapable == nil,
      device: live?.targetDevice, live: live.map { .present($0.reference) } ?? .absent,
      config: config.map { .present($0.reference) } ?? .absent)
  }

  /// The interfaces in a description of a VM; none where it does not have that description.
  ///
  /// libvirt gives every interface a MAC address.
  /// - Throws: `HostError` with code `unreadable`.
  func interfaces(
    of machine: String, _ xml: String?
  ) throws(HostError) -> [(mac: MACAddress, interface: InterfaceXML)] {
    guard let xml else { return [] }
    let interfaces: [InterfaceXML]
    do throws(DiagnosticError) {
      interfaces = try DomainXML.interfaces(of: xml)
    } catch {
      throw unreadable("VM \(machine)", error.diagnostics)
    }
    var result: [(mac: MACAddress, interface: InterfaceXML)] = []
    for interface in interfaces {
      guard let mac = interface.mac else { throw unreadable("an interface without address of VM \(machine)", []) }
      result.append((mac, interface))
    }
    return result
  }

  private func unreadable(_ object: String, _ diagnostics: [Diagnostic]) -> HostError {
    let reason = diagnostics.first.map { ": \($0.message)" } ?? ""
    return HostError(
      .unreadable, "\(host): \(object) cannot be read\(reason)",
      hint: "nothing is planned while it is unknown what that uses; look at its XML with virsh")
  }
}
