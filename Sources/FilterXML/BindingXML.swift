// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// The binding of a filter to a network device of a host.
public struct FilterBinding: Sendable, Hashable {
  /// The VM that the device belongs to, as the binding's maker named it.
  public var ownerName: String
  public var ownerUUID: ObjectUUID
  /// The tap or veth on the host.
  public var portDevice: String
  /// The lower device of a macvtap.
  public var linkDevice: String?
  public var mac: MACAddress
  /// With the parameters that libvirt adds: `MAC`, and `IP` once it is learned.
  public var reference: FilterReference

  public init(
    ownerName: String, ownerUUID: ObjectUUID, portDevice: String, linkDevice: String? = nil, mac: MACAddress,
    reference: FilterReference
  ) {
    self.ownerName = ownerName
    self.ownerUUID = ownerUUID
    self.portDevice = portDevice
    self.linkDevice = linkDevice
    self.mac = mac
    self.reference = reference
  }
}

/// Binding XML (virnwfilterbindingdef.c) to and from `FilterBinding`.
public enum BindingXML {
  /// - Throws: every problem of the text, as values.
  public static func parse(_ xml: String, file: String = "binding.xml") throws(DiagnosticError) -> FilterBinding {
    var reader = FilterReader(text: xml, file: file)
    guard let binding = reader.binding(), !reader.diagnostics.contains(where: { $0.severity == .error }) else {
      throw DiagnosticError(reader.diagnostics)
    }
    return binding
  }

  /// The binding in libvirt's own text, whatever name and values its filterref has: it is at work, so that it is not to be
  /// overlooked for a name that nwfleet would not give.
  ///
  /// - Throws: for a text that lacks a part that libvirt asks of every binding.
  public static func read(_ xml: String, file: String = "binding.xml") throws(DiagnosticError) -> FilterBinding {
    var reader = FilterReader(text: xml, file: file)
    guard let binding = reader.binding(isLenient: true) else { throw DiagnosticError(reader.diagnostics) }
    return binding
  }

  /// The text in libvirt's own form.
  public static func write(_ binding: FilterBinding) -> String {
    var output = XMLOutput()
    output.append("<filterbinding>\n  <owner>\n    <name>")
    output.append(escaping: binding.ownerName)
    output.append("</name>\n    <uuid>")
    output.append(binding.ownerUUID.description)
    output.append("</uuid>\n  </owner>\n  <portdev")
    output.attribute("name", binding.portDevice)
    output.append("/>\n")
    if let linkDevice = binding.linkDevice {
      output.append("  <linkdev")
      output.attribute("name", linkDevice)
      output.append("/>\n")
    }
    output.append("  <mac")
    output.attribute("address", binding.mac.description)
    output.append("/>\n")
    var reference = FilterWriter()
    reference.write(binding.reference, indent: "  ")
    output.append(reference.text)
    output.append("</filterbinding>\n")
    return output.text
  }
}

extension FilterReader {
  fileprivate mutating func binding(isLenient: Bool = false) -> FilterBinding? {
    readTree { reader, root in reader.binding(root, isLenient: isLenient) }
  }

  private mutating func binding(_ root: XMLElement, isLenient: Bool) -> FilterBinding? {
    guard root.name == "filterbinding" else {
      report("not-a-binding", "the document is a '\(root.name)'", at: root, expected: "a filterbinding element")
      return nil
    }
    let owner = root.first("owner")
    let name = owner?.first("name")?.text
    let uuid = owner?.first("uuid").flatMap { ObjectUUID($0.text) }
    let portDevice = root.first("portdev")?["name"]
    let mac = root.first("mac")?["address"].flatMap { MACAddress($0) }
    let filterReference = root.first("filterref").flatMap {
      isLenient ? FilterReference(unchecked: $0) : reference($0)
    }
    let parts: [(name: String, isThere: Bool)] = [
      ("owner/name", name != nil), ("owner/uuid", uuid != nil), ("portdev", portDevice != nil), ("mac", mac != nil),
      ("filterref", filterReference != nil),
    ]
    for part in parts where !part.isThere {
      report("bad-binding", "the binding has no \(part.name), or a bad one", at: root)
    }
    guard let name, let uuid, let portDevice, let mac, let filterReference else { return nil }
    return FilterBinding(
      ownerName: name, ownerUUID: uuid, portDevice: portDevice, linkDevice: root.first("linkdev")?["name"], mac: mac,
      reference: filterReference)
  }
}
