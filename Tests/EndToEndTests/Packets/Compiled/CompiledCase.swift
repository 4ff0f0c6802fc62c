// SPDX-License-Identifier: Apache-2.0

import PacketProbe
import Sandbox

/// A policy in the language of groups, and what it says about packets: expectations come from its text alone.
struct CompiledCase: Sendable {
  let name: String
  let machines: Int
  let nic: String
  let machine: String
  let policy: String
  /// Where all machines are ports of one bridge, `world` too.
  let flows: [Flow]
  /// The same for `world` behind a router: the host itself, which NATs, or a machine on the bridge.
  let behindRouter: [Flow]
  /// Packets to machine 1 that the policy denies, whoever sends them.
  let denied: [Probe]

  init(
    _ name: String, machines: Int = 1, nic: String = "", machine: String = "", policy: String, flows: [Flow],
    behindRouter: [Flow] = [], denied: [Probe] = Probe.usual
  ) {
    self.name = name
    self.machines = machines
    self.nic = nic
    self.machine = machine
    self.policy = policy
    self.flows = flows
    self.behindRouter = behindRouter
    self.denied = denied
  }

  /// One group, of the case's name, for its first machine.
  ///
  /// - Parameter group: its other keys.
  init(
    _ name: String, nic: String = "", machine: String = "", group: String, flows: [Flow], behindRouter: [Flow] = [],
    denied: [Probe] = Probe.usual
  ) {
    let keys = group.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
    self.init(
      name, nic: nic, machine: machine, policy: "groups:\n  \(name):\n    vms: {name: \"{vm}\"}\n\(keys)",
      flows: flows, behindRouter: behindRouter, denied: denied)
  }

  /// Its flows in one of the sandbox's networks. Where the host NATs, machines on the bridge are there as well.
  func policyCase(_ network: SandboxNetwork) -> PolicyCase {
    let routed = network == .bridge ? [] : behindRouter.map { $0.with(name: "\($0.name), routed") }
    let bridged = network == .routed ? [] : flows.map(\.bridged)
    return PolicyCase(
      name, machines: machines, nic: nic, machine: machine, policy: policy, flows: bridged + routed)
  }

  /// Both addresses of the sandbox's machine.
  static let addresses = "addresses: [{ip4}, \"{ip6}\"]"

  /// What is known about the network of all machines, and who is meant by a name.
  static func common(_ network: SandboxNetwork) -> String {
    let host = network == .routed ? "[192.168.122.3, \"2001:db8:122::3\"]" : "[192.168.122.1, \"2001:db8:122::1\"]"
    return """
      networks:
        default:
          subnets: [192.168.122.0/24, "2001:db8:122::/64"]
          gateway: [192.168.122.1, "2001:db8:122::1"]
          host: \(host)
          dns: [192.168.122.2, "2001:db8:122::2"]
      sets:
        office: [203.0.113.0/24, "2001:db8:99::/48"]
      """
  }
}

extension Flow {
  /// The same with a machine on the bridge for one of the world.
  fileprivate var bridged: Flow {
    switch other {
    case .world: with(other: .neighbour)
    case .remote(let address): with(other: .stranger(address))
    default: self
    }
  }

  fileprivate func with(name: String? = nil, other: Endpoint? = nil) -> Flow {
    Flow(name ?? self.name, direction, packet, other ?? self.other, machine: machine, expect: expected)
  }
}

/// A packet to a machine whose policy denies it, from ends whose packets meet rules in different ways.
struct Probe: Sendable {
  let name: String
  let packet: Packet
  /// The IP protocol, which is not the same in both families for ICMP.
  let protocolNumbers: [Family: UInt8]
  /// Whether something is to come back, so that arriving is not all.
  var isAnswered = true
  var senders = Probe.everybody

  static let everybody: [Endpoint] = [.neighbour, .world, .host]

  static let strangers: [Endpoint] = [.neighbour, .world]

  static func tcp(_ port: UInt16) -> Probe {
    Probe(name: "tcp/\(port)", packet: .tcp(port), protocolNumbers: [.ipv4: 6, .ipv6: 6])
  }

  static func udp(_ port: UInt16) -> Probe {
    Probe(name: "udp/\(port)", packet: .udp(port), protocolNumbers: [.ipv4: 17, .ipv6: 17])
  }

  static let echo = Probe(name: "ping", packet: .echo, protocolNumbers: [.ipv4: 1, .ipv6: 58])

  static func number(_ number: UInt8) -> Probe {
    Probe(
      name: "protocol \(number)", packet: .number(number), protocolNumbers: [.ipv4: number, .ipv6: number],
      isAnswered: false)
  }

  func from(_ senders: [Endpoint]) -> Probe {
    var probe = self
    probe.senders = senders
    return probe
  }

  /// What policies that say nothing about it deny.
  static let usual = [tcp(9), udp(9), echo, number(99)]
  /// The same where ping is allowed.
  static let usualWithoutPing = [tcp(9), udp(9), number(99)]

  /// What is to become of it, by the words that the plan has for a machine.
  ///
  /// Rules for what comes in decide about what is bridged to the machine; for all else the plan must say what gets in.
  func flows(_ words: OneWayWords, on network: SandboxNetwork) -> [Flow] {
    senders.flatMap { sender in
      Family.allCases.compactMap { family -> Flow? in
        let address = sender.address(family, network)
        guard address.family == family, let number = protocolNumbers[family] else { return nil }
        let arrives = !sender.isBridged(network) && words.cover(number, from: address, family)
        let place =
          switch sender {
          case .host: "the host"
          case .world: "the world"
          case .remote(let address): "\(address)"
          default: "a neighbour"
          }
        return Flow(
          "\(name) from \(place), denied", .in, packet.only(family), sender,
          expect: arrives ? (isAnswered ? .oneWay : .passes) : .blocked)
      }
    }
  }
}

extension Endpoint {
  /// Whether its packets come in at a port of the machines' bridge, where rules for what comes in meet them.
  fileprivate func isBridged(_ network: SandboxNetwork) -> Bool {
    switch self {
    case .host: false
    case .gateway: network == .routed
    case .world, .remote: network != .nat
    case .peer, .machine, .neighbour, .stranger: true
    }
  }

  /// Where packets of it come from that are not bridged.
  fileprivate func address(_ family: Family, _ network: SandboxNetwork) -> Address {
    switch (self, family) {
    case (.remote(let address), _): address
    case (.world, .ipv4): "198.51.100.2"
    case (.world, .ipv6): "2001:db8:51::2"
    case (_, .ipv4): network == .routed && self == .host ? "192.168.122.3" : "192.168.122.1"
    case (_, .ipv6): network == .routed && self == .host ? "2001:db8:122::3" : "2001:db8:122::1"
    }
  }
}
