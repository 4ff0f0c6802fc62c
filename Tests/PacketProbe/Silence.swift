// SPDX-License-Identifier: Apache-2.0

import Processes
import Sandbox

/// Keeps the kernels of a sandbox host's machines from answering, and from learning: what is at stake is what reaches
/// them, and an answer of theirs would race with the one that is sent for them.
struct Silence {
  let sandbox: Sandbox
  let host: SandboxHost
  let network: SandboxNetwork
  let machines: Int

  init(_ sandbox: Sandbox, _ host: SandboxHost, _ network: SandboxNetwork, machines: Int) {
    self.sandbox = sandbox
    self.host = host
    self.network = network
    self.machines = machines
  }

  /// - A machine loses its addresses, so its kernel has nothing to say; where it is, the bridge knows for good.
  /// - A host or router forwards but answers nothing itself; errors about packets that it forwards are not held back.
  func apply() async throws {
    var script = "set -eu\n"
    for name in (1...machines).map({ "vm\($0)" }) + ["world"] { script += mute(name) }
    for machine in (1...machines).map(host.virtualMachine) {
      script += "bridge fdb replace \(machine.mac) dev \(machine.port) master static\n"
    }
    // A bridge that looks into IGMP and MLD passes reports on to routers alone.
    script += "ip link set br0 type bridge mcast_snooping 0\n"
    script += "kill \"$(cat /run/dnsmasq.pid 2> /dev/null)\" 2> /dev/null || :\n"
    script += answerNothing
    if network == .routed { script += "ip netns exec router sh -c '\(answerNothing)'\n" }
    try await run(script)
  }

  /// Tells the host, and the router, where all machines are, and that the world has all addresses.
  func addNeighbours(world: HardwareAddress) async throws {
    let mac = world.bytes.map { String($0, radix: 16) }.joined(separator: ":")
    var lines: [String] = []
    let lan = network == .routed ? "lan0" : "br0"
    for machine in (1...machines).map(host.virtualMachine) {
      for address in machine.addresses {
        lines.append("neigh replace \(address) lladdr \(machine.mac) nud permanent dev \(lan)")
      }
    }
    let neighbour = network == .bridge ? mac : host.virtualMachine(1).mac
    for address in ["192.168.122.2", "2001:db8:122::2"] {
      lines.append("neigh replace \(address) lladdr \(neighbour) nud permanent dev \(lan)")
    }
    if network != .bridge {
      for address in ["198.51.100.2", "2001:db8:51::2"] {
        lines.append("neigh replace \(address) lladdr \(mac) nud permanent dev uplink0")
      }
      lines += ["route replace default via 198.51.100.2", "-6 route replace default via 2001:db8:51::2 dev uplink0"]
    }
    var script = "set -eu\n" + lines.map { ip("", $0) }.joined()
    if network == .routed {
      script = "set -eu\n" + lines.map { ip("-n router", $0) }.joined()
      for machine in (1...machines).map(host.virtualMachine) {
        script += machine.addresses.map { ip("", "neigh replace \($0) lladdr \(machine.mac) nud permanent dev br0") }
          .joined()
      }
    }
    try await run(script)
  }

  private func ip(_ options: String, _ line: String) -> String {
    line.hasPrefix("-6 ") ? "ip -6 \(options) \(line.dropFirst(3))\n" : "ip \(options) \(line)\n"
  }

  private func mute(_ name: String) -> String {
    """
    ip netns exec \(name) sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
    ip -n \(name) addr flush dev eth0

    """
  }

  /// raw, because connection tracking would take a reset for the end of a connection even if it were dropped later.
  private var answerNothing: String {
    """
    for command in iptables ip6tables; do
      $command -w -t raw -A OUTPUT -p tcp --tcp-flags RST RST -j DROP
    done
    echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all
    echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all
    echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
    echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
    for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > "$file"; done
    for file in /proc/sys/net/ipv6/conf/*/accept_ra; do echo 0 > "$file"; done

    """
  }

  private func run(_ script: String) async throws {
    let result = try await sandbox.exec(host: host.number, ["sh", "-c", script])
    guard result.succeeded else {
      throw SandboxError(code: .failed, message: "cannot prepare \(host.name): \(result.errorOutput)")
    }
  }
}
