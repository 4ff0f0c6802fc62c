// SPDX-License-Identifier: Apache-2.0

import FilterModel

extension EntryList {
  /// Adds the layer-3 rules that a VM cannot live without, whatever its policy says.
  mutating func addSystemRules(_ policy: GuardPolicy) {
    if policy.systemRules == .nothing { return }
    let priority = GuardGenerator.Priority.system
    for element in [FilterProtocol.icmp, .icmpv6] {
      add(
        .accept, .inout, priority, Match(element, ["state": .states(.related)]), sources: [.system("icmp-errors")])
    }
    if policy.systemRules == .icmpErrors { return }
    for direction in [Direction.out, .in]
    where direction == .out ? policy.dhcp != .off : policy.dhcp == .server {
      for (element, client, server) in [(FilterProtocol.udp, UInt32(68), UInt32(67)), (.udpIPv6, 546, 547)] {
        // Without a state one rule makes both halves: requests go to multicast, answers come from elsewhere.
        add(
          .accept, direction, priority,
          Match(element, ["srcportstart": .number(client), "dstportstart": .number(server)]), matchesState: false,
          sources: [.system("dhcp")])
      }
    }
    for (name, direction, types) in policy.untrackedMessages {
      for type in types {
        add(
          .accept, direction, priority, Match(.icmpv6, ["type": .number(type)]), matchesState: false,
          sources: [.system(name)])
      }
    }
  }
}

extension GuardPolicy {
  /// Types of neighbour and listener discovery, which Linux does not track (RFC 4861, RFC 2710, RFC 3810).
  fileprivate var untrackedMessages: [(name: String, direction: Direction, types: [UInt32])] {
    var result: [(name: String, direction: Direction, types: [UInt32])] = []
    if nd {
      result.append(("nd", .in, [130, 135, 136]))
      result.append(("nd", .out, [131, 132, 135, 136, 143]))
    }
    if ra != .off {
      result.append(("ra", .in, [134]))
      result.append(("ra", .out, [133]))
    }
    if ra == .server {
      // A router answers solicitations, and asks who listens.
      result.append(("ra", .in, [131, 132, 133, 143]))
      result.append(("ra", .out, [130, 134]))
    }
    return result
  }
}
