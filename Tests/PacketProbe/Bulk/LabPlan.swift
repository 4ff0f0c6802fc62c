// SPDX-License-Identifier: Apache-2.0

import Sandbox

/// Which addresses the places of a frame lab have: whole networks, so that filters have something to tell apart.
///
/// | place | IPv4 | IPv6 |
/// |---|---|---|
/// | VM k | 10.1.k.0/24 | 2001:db8:1:k::/64 |
/// | the world | 10.2.0.0/16 | 2001:db8:2::/48 |
/// | the host | 10.3.0.0/16 | 2001:db8:3::/48 |
public struct LabPlan: Sendable {
  /// Of VM 1 and so on.
  public let machines: [HardwareAddress]
  /// The host on the bridge.
  public let bridge: HardwareAddress

  /// The plan of host 1 of a sandbox.
  public init(machines: Int) {
    let host = Sandbox().host(1)
    self.machines = (1...machines).map { HardwareAddress(host.virtualMachine($0).mac) }
    bridge = "52:54:00:01:ff:03"
  }

  public func mac(_ machine: Int) -> HardwareAddress { machines[machine - 1] }

  /// The shell commands that make it so on a sandbox host with a NAT network.
  ///
  /// - Machines lose their own addresses, so their kernels have nothing to say; the bridge learns nothing, knows where they
  ///   are, and passes on what a bridge keeps to itself by default.
  /// - A host with no rule that looks at connections does not track them, and what is tracked before a filter is bound
  ///   must be known to it.
  /// - The host answers nothing itself; errors about packets are not held back.
  /// - Parameter world: the MAC address at the other end of the uplink.
  func script(world: HardwareAddress) -> String {
    let names = machines.indices.map { "vm\($0 + 1)" }
    return """
      set -eu
      kill "$(cat /run/dnsmasq.pid 2> /dev/null)" 2> /dev/null || :
      for name in \(names.joined(separator: " ")) world; do
        ip netns exec $name sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
        ip -n $name addr flush dev eth0
      done
      iptables -w -t nat -F
      for command in iptables ip6tables; do
        $command -w -t mangle -N probe
        $command -w -t mangle -A probe -m conntrack --ctstate NEW
        $command -w -t raw -A OUTPUT -p tcp --tcp-flags RST RST -j DROP
      done
      \(settings)
      ip link set br0 type bridge mcast_snooping 0 group_fwd_mask 65528
      for port in /sys/class/net/br0/brif/*; do bridge link set dev "${port##*/}" learning off; done
      bridge -batch - <<'END'
      \(names.indices.map { "fdb replace \(machines[$0].text) dev vnet\($0 + 1) master static" }.joined(separator: "\n"))
      END
      ip -batch - <<'END'
      \(routes(world).joined(separator: "\n"))
      END
      ip -6 -batch - <<'END'
      \(routes6(world).joined(separator: "\n"))
      END

      """
  }

  private var settings: String {
    """
    cd /proc/sys/net
    echo 1 > ipv4/icmp_echo_ignore_all
    echo 1 > ipv6/icmp/echo_ignore_all
    echo 0 > ipv4/icmp_ratelimit
    echo 0 > ipv6/icmp/ratelimit
    echo 0 > ipv4/icmp_ratemask
    for folder in ipv4/conf/*; do
      echo 0 > $folder/rp_filter
      echo 1 > $folder/accept_local
      echo 0 > $folder/send_redirects
      echo 0 > $folder/accept_redirects
    done
    for folder in ipv6/conf/*; do
      echo 0 > $folder/accept_ra
      echo 0 > $folder/accept_redirects
    done
    echo 1 > netfilter/nf_conntrack_tcp_be_liberal
    for file in netfilter/nf_conntrack_*timeout*; do echo 900 > "$file"; done
    """
  }

  private func routes(_ world: HardwareAddress) -> [String] {
    machines.indices.flatMap { index in
      [
        "neigh replace 169.254.1.\(index + 1) lladdr \(machines[index].text) nud permanent dev br0",
        "route replace 10.1.\(index + 1).0/24 via 169.254.1.\(index + 1) dev br0 onlink",
      ]
    } + [
      "neigh replace 198.51.100.2 lladdr \(world.text) nud permanent dev uplink0",
      "route replace 10.2.0.0/16 via 198.51.100.2 dev uplink0",
      "route replace local 10.3.0.0/16 dev lo",
    ]
  }

  private func routes6(_ world: HardwareAddress) -> [String] {
    machines.indices.flatMap { index in
      [
        "neigh replace fe80::1:\(index + 1) lladdr \(machines[index].text) nud permanent dev br0",
        "route replace 2001:db8:1:\(index + 1)::/64 via fe80::1:\(index + 1) dev br0 onlink",
      ]
    } + [
      "neigh replace 2001:db8:51::2 lladdr \(world.text) nud permanent dev uplink0",
      "route replace 2001:db8:2::/48 via 2001:db8:51::2 dev uplink0",
      "route replace local 2001:db8:3::/48 dev lo",
    ]
  }
}

extension HardwareAddress {
  /// `52:54:00:01:00:02`.
  public var text: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}
