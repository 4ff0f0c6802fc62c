// SPDX-License-Identifier: Apache-2.0

public import Sandbox

/// A sandbox host whose machines say nothing by themselves: all that they send comes from here, and all that reaches
/// them is seen here, so that each packet is accounted for.
///
/// - VM 1 is the peer without a filter; those under test begin with 2.
/// - On the host itself packets go through the kernel's IP in both directions, so that its firewall and its connection
///   tracking see them as they see a program's.
public final class PacketLab: Sendable {
  /// How long to wait for what is expected, and for what is not.
  private static let patience: (expected: Duration, unexpected: Duration) = (.seconds(2), .milliseconds(300))
  /// The number of the first VM under test.
  public static let firstMachine = 2

  let network: SandboxNetwork
  let host: SandboxHost
  let wire: Wire
  let places: [String: (port: Wire.Port, mac: HardwareAddress)]

  /// Takes over the machines of a host that is up.
  ///
  /// - Parameter machines: VMs 1 to this number; those above stay as the sandbox made them.
  public init(_ sandbox: Sandbox, host number: Int = 1, network: SandboxNetwork, machines: Int) async throws {
    self.network = network
    host = sandbox.host(number)
    guard let pid = sandbox.status().first(where: { $0.host.number == number })?.pid else {
      throw SandboxError(code: .notRunning, message: "sandbox host \(number) is not up")
    }
    try await Silence(sandbox, host, network, machines: machines).apply()
    var devices = (1...machines).map { (name: "vm\($0)", device: "eth0") } + [("world", "eth0")]
    devices += network == .routed ? [("router", "lan0"), ("router", "uplink0")] : [("", "br0")]
    if network == .nat { devices.append(("", "uplink0")) }
    if network == .routed { devices.append(("", "br0")) }
    var links: [LinkSocket] = []
    var names: [String] = []
    for (name, device) in devices {
      let path = name.isEmpty ? "/proc/\(pid)/ns/net" : "/proc/\(pid)/root/run/netns/\(name)"
      links.append(try await NetworkNamespace(path: path).run { try LinkSocket(device) })
      names.append("\(name) \(device)")
    }
    let stack = try await NetworkNamespace(path: "/proc/\(pid)/ns/net").run { try StackSockets("br0") }
    let wire = Wire(links: links, stacks: [stack])
    var places: [String: (Wire.Port, HardwareAddress)] = [:]
    for (index, name) in names.enumerated() { places[name] = (wire.port(index), links[index].mac) }
    places["stack"] = (wire.port(links.count), .broadcast)
    self.wire = wire
    self.places = places
    try await Silence(sandbox, host, network, machines: machines).addNeighbours(
      world: links[names.firstIndex(of: "world eth0") ?? 0].mac)
  }

  /// Closes all sockets. The machines stay silent.
  public func close() { wire.stop() }

  /// Tries a flow, with a VM of the host as the machine under test.
  ///
  /// - Parameter machines: the VMs of the flow's case, by their numbers on the host.
  public func observe(_ flow: Flow, machines: [Int], family: Family) async -> Verdict {
    var connection = open(flow, machines: machines, family: family)
    return await connection.run(expecting: flow.expected)
  }

  /// A flow that goes on after it was begun, as long as its caller wants.
  public func open(_ flow: Flow, machines: [Int], family: Family) -> Connection {
    let number = machines[flow.machine - 1]
    let (machine, other, routed) = ends(number, flow.other, machines)
    let (near, far) = flow.direction == .in ? (other, machine) : (machine, other)
    return Connection(lab: self, exchange: Exchange(flow.packet, family, from: near, to: far, routed: routed))
  }

  /// Both ends of a flow, and whether a router is between them.
  private func ends(_ number: Int, _ other: Endpoint, _ machines: [Int]) -> (machine: End, other: End, routed: Bool) {
    let own = place("vm\(number) eth0")
    let ownAddresses = addresses(of: host.virtualMachine(number))
    func pair(_ far: (port: Wire.Port, mac: HardwareAddress), _ addresses: [Family: Address], stack: Bool = false)
      -> (End, End, Bool)
    {
      let end = End(
        port: far.port, stack: stack ? place("stack").port : nil, mac: far.mac, nextHop: own.mac, addresses: addresses)
      return (End(port: own.port, mac: own.mac, nextHop: far.mac, addresses: ownAddresses), end, false)
    }
    switch other {
    case .peer: return pair(place("vm1 eth0"), addresses(of: host.virtualMachine(1)))
    case .machine(let index):
      let number = machines[index - 1]
      return pair(place("vm\(number) eth0"), addresses(of: host.virtualMachine(number)))
    case .host:
      let last = network == .routed ? 3 : 1
      return pair(place(" br0"), lan(last), stack: true)
    case .gateway:
      return network == .routed
        ? pair(place("router lan0"), lan(1)) : pair(place(" br0"), lan(1), stack: true)
    case .neighbour: return pair(neighbour, lan(2))
    case .stranger(let address): return pair(neighbour, [address.family: address])
    case .world: return outside(own, number, lan(2), [.ipv4: "198.51.100.2", .ipv6: "2001:db8:51::2"], pair)
    case .remote(let address): return outside(own, number, [address.family: address], [address.family: address], pair)
    }
  }

  /// A port of the bridge that has no filter, for machines of any address.
  private var neighbour: (port: Wire.Port, mac: HardwareAddress) {
    place(network == .bridge ? "world eth0" : "vm1 eth0")
  }

  /// An end at the namespace `world`: a neighbour on a bridge, else behind a router.
  private func outside(
    _ own: (port: Wire.Port, mac: HardwareAddress), _ number: Int, _ near: [Family: Address], _ far: [Family: Address],
    _ pair: ((port: Wire.Port, mac: HardwareAddress), [Family: Address], Bool) -> (End, End, Bool)
  ) -> (machine: End, other: End, routed: Bool) {
    guard network != .bridge else { return pair(place("world eth0"), near, false) }
    let world = place("world eth0")
    let router = network == .nat ? ("br0", "uplink0", "") : ("lan0", "uplink0", "router")
    let inner = place("\(router.2) \(router.0)").mac
    let outer = place("\(router.2) \(router.1)").mac
    return (
      End(port: own.port, mac: own.mac, nextHop: inner, addresses: addresses(of: host.virtualMachine(number))),
      End(port: world.port, mac: world.mac, nextHop: outer, addresses: far), true
    )
  }

  private func place(_ name: String) -> (port: Wire.Port, mac: HardwareAddress) {
    guard let place = places[name] else {
      preconditionFailure("no '\(name)' in this lab: is the VM one of its machines?")
    }
    return place
  }

  private func lan(_ last: Int) -> [Family: Address] {
    [.ipv4: Address("192.168.122.\(last)") ?? "0.0.0.0", .ipv6: Address("2001:db8:122::\(last)") ?? "::"]
  }

  private func addresses(of machine: SandboxVirtualMachine) -> [Family: Address] {
    [.ipv4: Address(machine.ipv4Address) ?? "0.0.0.0", .ipv6: Address(machine.ipv6Address) ?? "::"]
  }

  /// An exchange that is under way.
  public struct Connection: Sendable {
    private let lab: PacketLab
    private let exchange: Exchange
    /// The last frame that each end has seen, near and far.
    private var last: (near: [UInt8]?, far: [UInt8]?) = (nil, nil)
    private var original: [UInt8] = []

    init(lab: PacketLab, exchange: Exchange) {
      self.lab = lab
      self.exchange = exchange
    }

    /// Carries the exchange through, and waits long only for what is expected.
    public mutating func run(expecting expected: Verdict = .passes) async -> Verdict {
      let opening = exchange.opening
      original = opening.tokens[0]
      let heard = receivingPort(exchange.near)
      let mark = lab.wire.mark(heard)
      let both = expected == .passes
      if exchange.packet.answer == .expiry, exchange.isRouted {
        // The router answers in the other end's place, which never sees the packet.
        send(opening, from: exchange.near)
        return await arrives(opening, at: exchange.near, since: mark, both) == nil ? .blocked : .passes
      }
      guard let frame = await carry(opening, exchange.near, exchange.far, both || expected == .oneWay) else {
        return lab.wire.hasSeen(original, at: heard, since: mark) ? .rejected : .blocked
      }
      last.far = frame
      for step in 0..<exchange.answers where !(await answer(byNear: step % 2 == 1, expected: both)) { return .oneWay }
      return .passes
    }

    /// One more answer of the far end and one of the near end, as in a TCP connection or a conversation in UDP.
    ///
    /// - Parameter expected: whether both are to arrive, and so are waited for long.
    /// - Returns: whether both arrived.
    public mutating func goesOn(expecting expected: Bool = true) async -> Bool {
      guard last.near != nil else { return false }
      for byNear in [true, false] where !(await answer(byNear: byNear, expected: expected)) { return false }
      return true
    }

    private mutating func answer(byNear: Bool, expected: Bool) async -> Bool {
      let (end, other) = byNear ? (exchange.near, exchange.far) : (exchange.far, exchange.near)
      guard let seen = byNear ? last.near : last.far,
        let transmission = exchange.answer(to: seen, by: end, quoting: original),
        let frame = await carry(transmission, end, other, expected)
      else { return false }
      if byNear { last.far = frame } else { last.near = frame }
      return true
    }

    private func carry(_ transmission: Transmission, _ from: End, _ to: End, _ expected: Bool) async -> [UInt8]? {
      let mark = lab.wire.mark(receivingPort(to))
      send(transmission, from: from)
      return await arrives(transmission, at: to, since: mark, expected)
    }

    private func arrives(_ transmission: Transmission, at end: End, since mark: Int, _ expected: Bool) async
      -> [UInt8]?
    {
      await lab.wire.wait(
        for: transmission.tokens, at: receivingPort(end), since: mark,
        expected ? PacketLab.patience.expected : PacketLab.patience.unexpected)
    }

    private func receivingPort(_ end: End) -> Wire.Port { exchange.usesStack ? end.stack ?? end.port : end.port }

    private func send(_ transmission: Transmission, from end: End) {
      for frame in transmission.frames {
        let group = frame[0] & 1 == 1
        lab.wire.send(frame, from: exchange.usesStack && !group ? end.stack ?? end.port : end.port)
      }
    }
  }
}
