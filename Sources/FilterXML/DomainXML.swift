// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The interfaces in the XML of a domain.
public enum DomainXML {
  /// All interfaces in document order.
  ///
  /// - Throws: for a text that is no domain. What is odd about one interface is left to libvirt.
  public static func interfaces(
    of xml: String, file: String = "domain.xml"
  ) throws(DiagnosticError) -> [InterfaceXML] {
    var reader = FilterReader(text: xml, file: file)
    let interfaces = reader.readTree { reader, root -> [InterfaceXML]? in
      guard root.name == "domain" else {
        reader.report("not-a-domain", "the document is a '\(root.name)'", at: root, expected: "a domain element")
        return nil
      }
      return root.first("devices")?.children.filter { $0.name == "interface" }.map(InterfaceXML.init(element:)) ?? []
    }
    guard let interfaces else { throw DiagnosticError(reader.diagnostics) }
    return interfaces
  }

  /// Whether an agent inside a running domain is connected to libvirt.
  public static func hasGuestAgent(_ xml: String) -> Bool {
    guard let tree = try? XMLTree(parsing: xml) else { return false }
    return tree.root.first("devices")?.children.contains { device in
      guard device.name == "channel", let target = device.first("target") else { return false }
      return target["name"] == "org.qemu.guest_agent.0" && target["state"] == "connected"
    } ?? false
  }
}
