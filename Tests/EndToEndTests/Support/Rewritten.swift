// SPDX-License-Identifier: Apache-2.0

/// Something that libvirt 9.0 takes and keeps otherwise: the rule then matches more than it says, or another packet.
struct Rewritten {
  /// The elements of a filter.
  var sent: String
  /// What is found in libvirt's text afterwards.
  var kept: String
  /// The code of nwfleet's refusal.
  var refusal: String
  /// Whether libvirt itself notices only when it reads its files again.
  var onlyAfterRestart = false
  /// Attributes of the filter.
  var attributes = "chain='root'"

  func xml(name: String) -> String { "<filter name='\(name)' \(attributes)>\(sent)</filter>" }

  static let all = [
    // An element or attribute that it does not know is left out.
    inRule("<dccp/>", "priority='500'/>", "unknown-protocol"),
    inRule("<TCP dstportstart='22'/>", "priority='500'/>", "unknown-protocol"),
    inRule("<tcp dstport='22'/>", "<tcp/>", "unknown-attribute"),
    Rewritten(sent: "<description>web</description>", kept: "</uuid>\n</filter>", refusal: "unknown-element"),
    // Sets on anything but all and all-ipv6: both attributes are left out, or the set is lost at the next start.
    inRule("<tcp ipset='office' ipsetflags='src'/>", "<tcp/>", "not-kept-by-libvirt"),
    inRule("<udp-ipv6 ipset='office' ipsetflags='dst'/>", "<udp-ipv6/>", "not-kept-by-libvirt"),
    Rewritten(
      sent: rule("<tcp ipset='office'/>"), kept: "<tcp/>", refusal: "not-kept-by-libvirt", onlyAfterRestart: true),
    // It does not read flags on tcp-ipv6.
    inRule("<tcp-ipv6 flags='SYN,ACK/SYN'/>", "<tcp-ipv6/>", "not-kept-by-libvirt"),
    // Destination ports take the sign of the first source port.
    inRule("<tcp match='no' dstportstart='22'/>", "<tcp dstportstart='22'/>", "negation-lost"),
    inRule("<sctp-ipv6 match='no' dstportstart='22'/>", "<sctp-ipv6 dstportstart='22'/>", "negation-lost"),
    // A code takes the sign of its type.
    inRule("<icmp type='8'/><icmp match='no' code='0'/>", "<icmp type='8' code='0'/>", "negation-lost"),
    inRule("<tcp match='no'/>", "<tcp/>", "empty-negation"),
    // Numbers with a leading zero are octal.
    inRule("<ip srcipaddr='010.0.0.1'/>", "srcipaddr='8.0.0.1'", "bad-value"),
    inRule("<stp root-cost='-1'/>", "root-cost='4294967295'", "bad-value"),
    inRule("<arp gratuitous='maybe'/>", "gratuitous='false'", "bad-value"),
    Rewritten(
      sent: "<rule action='drop' direction='in' priority='5000'/>", kept: "priority='500'", refusal: "bad-priority"),
    Rewritten(
      sent: "<filterref filter='x'><parameter name='A' value='1/2'/></filterref>", kept: "<filterref filter='x'/>",
      refusal: "bad-parameter-value"),
    // 0 is not written down, and read as the default again.
    Rewritten(
      sent: "", kept: "chain='ipv4' priority='-700'", refusal: "priority-lost", onlyAfterRestart: true,
      attributes: "chain='ipv4' priority='0'"),
    Rewritten(sent: "", kept: "chain='root'>", refusal: "priority-without-chain", attributes: "priority='300'"),
    Rewritten(
      sent: rule("<all comment='a&#9;b'/>"), kept: "comment='a b'", refusal: "bad-value", onlyAfterRestart: true),
  ]

  private static func inRule(_ element: String, _ kept: String, _ refusal: String) -> Rewritten {
    Rewritten(sent: rule(element), kept: kept, refusal: refusal)
  }

  private static func rule(_ element: String) -> String { "<rule action='drop' direction='in'>\(element)</rule>" }
}
