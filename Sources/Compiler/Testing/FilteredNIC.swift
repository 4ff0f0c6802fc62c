// SPDX-License-Identifier: Apache-2.0

public import FilterModel
import PacketPath

/// A NIC with the filter that it gets.
public struct FilteredNIC: Sendable, Hashable {
  public var nic: NIC
  /// By name.
  public var groups: [String]
  /// nil where no group says anything: everything passes.
  public var reference: FilterReference?
  /// Whether the repository knows no such NIC, and it stands for those that a group may have.
  public var isPlaceholder: Bool

  /// For NICs whose address nobody has written down: QEMU's prefix, and a number that no domain gets by itself.
  static let placeholderMAC = MACAddress(bits: 0x5254_0000_0001)
  /// Benchmarking prefixes (RFC 2544, RFC 5180): no policy speaks of them.
  static let placeholderAddresses = [IPAddress("198.18.0.1"), IPAddress("2001:2::1")].compactMap(\.self)
}

extension FilteredNIC {
  /// `web-1`, with the MAC address where the VM has several NICs of which this is one; `group lab` for a placeholder.
  public func title(isOneOfSeveral: Bool) -> String {
    if isPlaceholder { return "group \(groups.joined(separator: ", "))" }
    return isOneOfSeveral ? "\(nic.machine) (\(nic.mac))" : nic.machine
  }
}
