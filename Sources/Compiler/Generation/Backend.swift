// SPDX-License-Identifier: Apache-2.0

/// How the program that libvirt drives reads filters: all that generation knows of one is here.
struct Backend: Sendable, Hashable {
  /// Whether a drop or reject at layer 3 without a state also decides the packets that go the other way, so that one rule
  /// denies a flow and its replies (reference H11).
  var mirrorsDenials: Bool
  /// Whether inbound layer-3 rules meet what the host sends or routes to the VM (reference H10).
  var filtersRoutedInbound: Bool

  /// ebtables and iptables: all releases of libvirt up to 12.5.
  static let ebiptables = Backend(mirrorsDenials: true, filtersRoutedInbound: false)
}
