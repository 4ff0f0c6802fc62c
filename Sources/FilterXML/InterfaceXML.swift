// SPDX-License-Identifier: Apache-2.0

import CLibXML2
public import Diagnostics
public import FilterModel

/// One network interface of a domain.
public struct InterfaceXML: Sendable, Hashable {
  /// `network`, `bridge`, `user` and so on.
  public var type: String
  /// nil in a text where libvirt has yet to give it one.
  public var mac: MACAddress?
  public var sourceNetwork: String?
  public var sourceBridge: String?
  /// The lower device of a direct interface.
  public var sourceDevice: String?
  /// The device on the host; there while the domain runs.
  public var targetDevice: String?
  /// The type of the `virtualport`, such as `openvswitch`.
  public var virtualPort: String?
  /// The filter in the domain's own words: without what libvirt adds to a binding.
  public var reference: FilterReference?
  /// The interface element alone.
  public var text: String

  /// Whether libvirt can filter it: it drops the filterref of other types without a word, and does not start a domain with
  /// one on an Open vSwitch port (domain_conf.c, virDomainNetDefParseXML and virDomainActualNetDefValidate).
  public var canCarryFilter: Bool {
    ["ethernet", "bridge", "network"].contains(type) && virtualPort != "openvswitch" && virtualPort != "midonet"
  }

  /// Reads one interface element, such as `text` of another one.
  ///
  /// - Throws: for a text that is no interface.
  public init(parsing text: String, file: String = "interface.xml") throws(DiagnosticError) {
    var reader = FilterReader(text: text, file: file)
    let interface = reader.readTree { reader, root -> InterfaceXML? in
      if root.name == "interface" { return InterfaceXML(element: root) }
      reader.report("not-an-interface", "the document is a '\(root.name)'", at: root, expected: "an interface element")
      return nil
    }
    guard let interface else { throw DiagnosticError(reader.diagnostics) }
    self = interface
  }

  init(element: XMLElement) {
    type = element["type"] ?? ""
    mac = element.first("mac")?["address"].flatMap { MACAddress($0) }
    let source = element.first("source")
    sourceNetwork = source?["network"]
    sourceBridge = source?["bridge"]
    sourceDevice = source?["dev"]
    targetDevice = element.first("target")?["dev"]
    virtualPort = element.first("virtualport")?["type"]
    reference = element.first("filterref").flatMap { FilterReference(unchecked: $0) }
    text = element.source
  }

  /// The same element with another filter, or none; everything else stays as it is.
  public func with(filterReference: FilterReference?) -> String {
    edited { root in
      let old = root.children.filter { $0.name == "filterref" }
      let new = filterReference.flatMap { makeElement($0, indent: root.indentOfChildren) }
      if let new {
        if let first = old.first {
          xmlAddPrevSibling(first.node, new)
        } else {
          root.append(new)
        }
      }
      for (index, element) in old.enumerated() { element.remove(withBlanksBefore: new == nil || index > 0) }
    }
  }

  /// The same for an update of the running VM.
  ///
  /// libvirt prints the type that a network's port came to, such as `bridge`, and reads the network back only from type
  /// `network` (domain_conf.c, virDomainNetDefFormat and virDomainNetDefParseXML): sent as printed, the port would no longer
  /// be the network's.
  public func liveUpdate(filterReference: FilterReference?) -> String {
    var interface = self
    if sourceNetwork != nil, type != "network" {
      interface.text = edited { root in xmlSetProp(root.node, "type", "network") }
    }
    return interface.with(filterReference: filterReference)
  }

  /// All but the filter, to see whether anything else has changed.
  public var textWithoutFilter: String { with(filterReference: nil) }

  private func edited(_ edit: (XMLElement) -> Void) -> String {
    guard let tree = try? XMLTree(parsing: text) else { return text }
    edit(tree.root)
    return tree.root.source
  }

  private func makeElement(_ reference: FilterReference, indent: String) -> xmlNodePtr? {
    guard let node = xmlNewNode(nil, "filterref") else { return nil }
    xmlNewProp(node, "filter", reference.filter)
    for (name, values) in reference.parameters.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      for value in values {
        xmlAddChild(node, xmlNewText(indent + "  "))
        let parameter = xmlNewChild(node, nil, "parameter", nil)
        xmlNewProp(parameter, "name", name)
        xmlNewProp(parameter, "value", value)
      }
    }
    if node.pointee.children != nil { xmlAddChild(node, xmlNewText(indent)) }
    return node
  }
}

extension XMLElement {
  /// The line end and blanks before the first element inside; nothing where the text is on one line.
  fileprivate var indentOfChildren: String {
    guard let first = node.pointee.children, first.pointee.type == XML_TEXT_NODE, xmlIsBlankNode(first) != 0,
      let content = first.pointee.content
    else { return "" }
    return String(cString: content)
  }

  /// Adds a child after the last element, indented like the others.
  fileprivate func append(_ child: xmlNodePtr) {
    let indent = indentOfChildren
    guard let last = children.last else {
      xmlAddChild(node, child)
      return
    }
    xmlAddNextSibling(last.node, child)
    if !indent.isEmpty { xmlAddPrevSibling(child, xmlNewText(indent)) }
  }

  fileprivate func remove(withBlanksBefore: Bool) {
    if withBlanksBefore, let before = node.pointee.prev, before.pointee.type == XML_TEXT_NODE,
      xmlIsBlankNode(before) != 0
    {
      xmlUnlinkNode(before)
      xmlFreeNode(before)
    }
    xmlUnlinkNode(node)
    xmlFreeNode(node)
  }
}
