// SPDX-License-Identifier: Apache-2.0

/// What a generated filter is for: the second part of its name, `PROJECT.KIND.…`.
public enum GeneratedKind: String, Sendable, Hashable, CaseIterable {
  /// Of one NIC, for its life: nothing but a reference to its profile.
  case nic
  /// The rules of one combination of groups.
  case profile
  /// A leaf that profiles include: what a NIC may pretend to be, and what no VM can do without.
  case `guard`
  /// A leaf: own MAC addresses, where there are several.
  case mac
  /// A leaf: the peers and protocols that layer 2 lets through at all.
  case peers
  /// The record of what was applied.
  case host

  /// Whether its name follows from its content, so that it comes and goes with every change of that.
  public var isLeaf: Bool {
    switch self {
    case .guard, .mac, .peers: true
    case .nic, .profile, .host: false
    }
  }
}

extension Identity {
  /// What a filter of this project is for; nil for one that was written by hand, or is of another project.
  public func kind(ofFilter name: String) -> GeneratedKind? {
    let prefix = "\(project)."
    guard name.hasPrefix(prefix) else { return nil }
    let rest = name.dropFirst(prefix.count)
    guard let dot = rest.firstIndex(of: ".") else { return nil }
    return GeneratedKind(rawValue: String(rest[..<dot]))
  }

  /// The name of the filter of a NIC: known before the VM is.
  public func nicFilterName(_ mac: MACAddress) -> String {
    "\(project).\(GeneratedKind.nic.rawValue).\(mac.description.split(separator: ":").joined())"
  }
}
