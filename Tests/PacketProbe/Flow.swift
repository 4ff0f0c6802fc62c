// SPDX-License-Identifier: Apache-2.0

/// Seen from the machine under test.
public enum FlowDirection: String, Sendable {
  case `in`
  case out
}

/// The other end of a flow.
public enum Endpoint: Sendable, Hashable {
  /// The network outside: one more port of the bridge, or behind the router.
  case world
  /// A machine of the network outside with this address.
  case remote(Address)
  /// A machine on the same bridge that has no filter.
  case peer
  /// One more of these, 192.168.122.2 and 2001:db8:122::2; in a network that is a bridge alone the same as `world`.
  case neighbour
  /// One more of these with this address.
  case stranger(Address)
  /// One more machine of the same case, from 2.
  case machine(Int)
  /// The machine that libvirtd runs on.
  case host
  /// The VMs' router: the host itself but in a routed network.
  case gateway
}

/// What became of a flow.
public enum Verdict: String, Sendable {
  /// The packet arrived, and so did all that is to come back.
  case passes
  /// The packet did not arrive.
  case blocked
  /// The packet arrived, but not the answer.
  case oneWay = "one way"
  /// The packet did not arrive, and the sender was told so.
  case rejected
}

/// One line of a table of flows: what is sent, between whom, and what the policy says of it.
public struct Flow: Sendable {
  public let name: String
  public let direction: FlowDirection
  public let packet: Packet
  public let other: Endpoint
  public let expected: Verdict
  /// Which machine of the case is meant, from 1.
  public let machine: Int

  /// - Parameter other: the end that is not the machine under test, whatever the direction.
  public init(
    _ name: String, _ direction: FlowDirection, _ packet: Packet, _ other: Endpoint = .world, machine: Int = 1,
    expect expected: Verdict
  ) {
    self.name = name
    self.direction = direction
    self.packet = packet
    self.other = other
    self.machine = machine
    self.expected = expected
  }

  /// The families that it is tried in: those of the packet and of the other end's address.
  public var families: [Family] {
    let address: Address
    switch other {
    case .remote(let far), .stranger(let far): address = far
    default: return packet.families
    }
    return packet.families.filter { $0 == address.family }
  }
}

/// A flow in one family, and what became of it.
public struct Observation: Sendable {
  public let policy: String
  public let flow: Flow
  public let family: Family
  public let observed: Verdict

  public init(policy: String, flow: Flow, family: Family, observed: Verdict) {
    self.policy = policy
    self.flow = flow
    self.family = family
    self.observed = observed
  }

  public var agrees: Bool { flow.expected == observed }
}

/// What was observed of some policies.
public struct FlowReport: Sendable {
  public var observations: [Observation]

  public init(_ observations: [Observation] = []) { self.observations = observations }

  public var disagreements: [Observation] { observations.filter { !$0.agrees } }

  /// One line for each observation, with a mark where it is not as expected.
  public var table: String { FlowReport.table(observations) }

  public static func table(_ observations: [Observation]) -> String {
    let head = ["", "policy", "flow", "", "family", "expected", "observed"]
    let rows = observations.map { row in
      [
        row.agrees ? "" : "✗", row.policy, row.flow.name, row.flow.direction.rawValue, row.family.rawValue,
        row.flow.expected.rawValue, row.observed.rawValue,
      ]
    }
    let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
    return ([head] + rows).map { row in
      var line = ""
      for (cell, width) in zip(row, widths) where width > 0 {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
