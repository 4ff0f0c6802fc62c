// SPDX-License-Identifier: Apache-2.0

import Processes
public import Sandbox

/// A sandbox host 1 on a NAT network whose machines say nothing by themselves, for many frames at a time: each is sent with a
/// token at one place, and is looked for at another.
///
/// VM 1 is the peer on the same bridge, without a filter; those under test begin with 2.
public final class FrameLab: Sendable {
  /// Where frames are sent and seen.
  public enum Place: Sendable, Hashable {
    case machine(Int)
    /// Behind the host, which routes.
    case world
    /// The host itself: its kernel's IP for what that takes, else a socket on the bridge.
    case host

    public static let peer = Place.machine(1)
  }

  /// A frame on its way.
  public struct Shot: Sendable {
    public let token: UInt32
    public let frame: ProbeFrame
    public let from: Place
    public let to: Place

    public init(_ token: UInt32, _ frame: ProbeFrame, from: Place, to: Place) {
      self.token = token
      self.frame = frame
      self.from = from
      self.to = to
    }
  }

  /// What is known about the addresses of its places.
  public let plan: LabPlan
  /// Both ends of the way to the world.
  private let world: HardwareAddress
  private let uplink: HardwareAddress
  private let catcher: FrameCatcher
  private let links: [LinkSocket]
  private let stack: StackSockets
  private let table: ConnectionTable

  /// Takes over the machines of a host that is up.
  public init(_ sandbox: Sandbox, machines: Int) async throws {
    let host = sandbox.host(1)
    guard let pid = sandbox.status().first(where: { $0.host.number == 1 })?.pid else {
      throw SandboxError(code: .notRunning, message: "sandbox host 1 is not up")
    }
    var links: [LinkSocket] = []
    let devices = (1...machines).map { ("vm\($0)", "eth0") } + [("world", "eth0"), ("", "br0"), ("", "uplink0")]
    for (name, device) in devices {
      let path = name.isEmpty ? "/proc/\(pid)/ns/net" : "/proc/\(pid)/root/run/netns/\(name)"
      links.append(try await NetworkNamespace(path: path).run { try LinkSocket(device) })
    }
    let own = NetworkNamespace(path: "/proc/\(pid)/ns/net")
    plan = LabPlan(machines: machines)
    (world, uplink) = (links[machines].mac, links[machines + 2].mac)
    guard plan.bridge == links[machines + 1].mac else {
      throw SandboxError(code: .failed, message: "the bridge of \(host.name) has another MAC address than expected")
    }
    let result = try await sandbox.exec(["sh", "-c", plan.script(world: world)])
    guard result.succeeded else {
      throw SandboxError(code: .failed, message: "cannot prepare \(host.name): \(result.errorOutput)")
    }
    stack = try await own.run { try StackSockets("br0") }
    table = try await own.run { try ConnectionTable() }
    self.links = links
    catcher = FrameCatcher(links: links, stack: stack)
  }

  /// Closes all sockets. The machines stay silent.
  public func close() {
    catcher.stop()
    table.close()
  }

  /// Makes the host forget all connections.
  public func forgetConnections() throws { try table.clear() }

  /// Sends frames, and says which arrived.
  ///
  /// All are sent at once. Those that have not arrived when nothing has come in for a while are sent once more: a queue may
  /// have been full. Nothing else is waited for, but for what is expected.
  ///
  /// - Parameter expected: what is to arrive.
  public func send(_ shots: [Shot], expecting expected: Set<UInt32>) async -> Set<UInt32> {
    var wanted: [FrameCatcher.Sighting: Shot] = [:]
    var encoded: [UInt32: [UInt8]] = [:]
    for shot in shots {
      var frame = shot.frame
      if shot.from == .world { (frame.sourceMAC, frame.destinationMAC) = (world, uplink) }
      let (bytes, place) = frame.encoded(token: shot.token)
      encoded[shot.token] = bytes
      wanted[FrameCatcher.Sighting(token: shot.token, place: index(shot.to, shot.frame), offset: place)] = shot
    }
    var missing = Set(wanted.keys)
    // What should arrive is sent again and again before it counts as lost.
    for attempt in 0..<4 {
      let again = missing.filter { attempt < 2 || expected.contains($0.token) }
      if again.isEmpty { break }
      // In the order of the shots: the same run twice is the same run.
      let tokens = Set(again.map(\.token))
      for (count, shot) in shots.lazy.filter({ tokens.contains($0.token) }).enumerated() {
        emit(encoded[shot.token] ?? [], shot)
        // A receiver's queue holds some thousand frames.
        if count % 500 == 499 { await settle(.milliseconds(5)) }
      }
      await settle(.milliseconds(attempt < 2 ? 25 : 150))
      missing.subtract(catcher.seen(missing))
    }
    return Set(wanted.keys.filter { !missing.contains($0) }.map(\.token))
  }

  /// Whether the sender of a frame got an error about it.
  public func wasTold(_ shot: Shot) -> Bool {
    let (_, offset) = shot.frame.encoded(token: shot.token)
    return catcher.quoted(shot.token, at: index(shot.from, shot.frame), notAt: offset)
  }

  /// Waits until nothing has come in for some time.
  private func settle(_ quiet: Duration) async {
    var count = catcher.count
    while true {
      try? await Task.sleep(for: quiet)
      let now = catcher.count
      if now == count { return }
      count = now
    }
  }

  private func emit(_ bytes: [UInt8], _ shot: Shot) {
    let index = index(shot.from, shot.frame)
    if index < links.count {
      links[index].send(bytes)
    } else {
      stack.send(Array(bytes[14...]).packetOnly, to: shot.frame.destination)
    }
  }

  private func index(_ place: Place, _ frame: ProbeFrame) -> Int {
    switch place {
    case .machine(let number): number - 1
    case .world: plan.machines.count
    case .host: frame.isInternet ? links.count : plan.machines.count + 1
    }
  }
}

extension [UInt8] {
  /// A packet without the padding of its frame.
  fileprivate var packetOnly: [UInt8] {
    let length = self[0] >> 4 == 4 ? Int(self[2]) << 8 | Int(self[3]) : 40 + (Int(self[4]) << 8 | Int(self[5]))
    return Array(prefix(length))
  }
}
