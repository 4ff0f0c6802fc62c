// SPDX-License-Identifier: Apache-2.0

/// The shell commands that make the network of a host, inside its namespaces.
///
/// There is no duplicate address detection, and the bridge forwards at once, so that a host is usable when it is up.
struct NetworkScript: Sendable {
  let host: SandboxHost
  let options: SandboxOptions

  /// Everything, for a host that starts.
  var whole: String {
    let machines = (0..<options.virtualMachines).map { virtualMachine($0 + 1) }
    return ([sysctls, filterDirectory, bridge, surroundings] + machines).joined()
  }

  /// A VM: a network namespace whose only link is a port of br0.
  ///
  /// The metric keeps its default route apart from one that a router advertisement (metric 1024) may bring first.
  func virtualMachine(_ number: Int) -> String {
    let vm = host.virtualMachine(number)
    return """
      ip netns add \(vm.name)
      ip netns exec \(vm.name) sh -c '\(settings(forwarding: false))'
      ip -batch - <<'END'
      link add \(vm.port) address fe\(vm.mac.dropFirst(2)) type veth peer name eth0 address \(vm.mac) netns \(vm.name)
      link set \(vm.port) master br0 up
      END
      ip -n \(vm.name) -batch - <<'END'
      link set lo up
      addr add \(vm.ipv4Address)/24 dev eth0
      addr add \(vm.ipv6Address)/64 dev eth0
      link set eth0 up
      route add default via 192.168.122.1 dev eth0
      route add default via 2001:db8:122::1 dev eth0 metric 512
      END

      """
  }

  /// The settings of a network namespace, before it has links: the machine's own are inherited in part.
  private func settings(forwarding: Bool) -> String {
    let ipv6 = "/proc/sys/net/ipv6/conf"
    let route = forwarding ? 1 : 0
    return "echo \(route) > /proc/sys/net/ipv4/ip_forward; echo \(route) > \(ipv6)/all/forwarding; "
      + "echo 0 > \(ipv6)/default/accept_dad; echo 0 > \(ipv6)/default/dad_transmits"
  }

  private var sysctls: String {
    let bridged = options.bridgeNetfilter ? 1 : 0
    // br_netfilter may not be loaded; libvirtd's own start loads nothing either, so a host without it stays without.
    return """
      if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
        echo \(bridged) > /proc/sys/net/bridge/bridge-nf-call-iptables
        echo \(bridged) > /proc/sys/net/bridge/bridge-nf-call-ip6tables
      fi
      \(settings(forwarding: options.network == .nat))

      """
  }

  private var filterDirectory: String {
    guard let size = options.filterDirectorySize else { return "" }
    // The folder itself stays in view at its own path, with the stock filters in it.
    return """
      mount -n -t tmpfs -o mode=700,size=\(size) tmpfs /etc/libvirt/nwfilter
      cp -r "$d/etc/nwfilter/." /etc/libvirt/nwfilter

      """
  }

  private var bridge: String {
    let own = options.network == .routed ? "3" : "1"
    return """
      ip -batch - <<'END'
      link set lo up
      link add br0 address \(mac(0x03)) type bridge forward_delay 0 stp_state 0
      addr add 192.168.122.\(own)/24 dev br0
      addr add 2001:db8:122::\(own)/64 dev br0
      link set br0 up
      END

      """
  }

  private var surroundings: String {
    switch options.network {
    case .bridge:
      return """
        ip netns add world
        ip netns exec world sh -c '\(settings(forwarding: false))'
        ip -batch - <<'END'
        link add world0 type veth peer name eth0 address \(mac(0x02)) netns world
        link set world0 master br0 up
        END
        ip -n world -batch - <<'END'
        link set lo up
        addr add 192.168.122.2/24 dev eth0
        addr add 2001:db8:122::2/64 dev eth0
        link set eth0 up
        END

        """
    case .nat:
      return world(behind: "") + """
        iptables -w -t nat -A POSTROUTING -s 192.168.122.0/24 -o uplink0 -j MASQUERADE
        dnsmasq --conf-file="$d/dnsmasq.conf"

        """
    case .routed:
      return """
        ip netns add router
        ip netns exec router sh -c '\(settings(forwarding: true))'
        ip -batch - <<'END'
        link add router0 type veth peer name lan0 address \(mac(0x01)) netns router
        link set router0 master br0 up
        END
        ip -n router -batch - <<'END'
        link set lo up
        addr add 192.168.122.1/24 dev lan0
        addr add 2001:db8:122::1/64 dev lan0
        link set lan0 up
        END
        ip route add default via 192.168.122.1
        ip -6 route add default via 2001:db8:122::1 dev br0

        """ + world(behind: "-n router") + """
          ip netns exec router dnsmasq --conf-file="$d/dnsmasq.conf"

          """
    }
  }

  /// The namespace `world` at the end of a router's uplink, with a route back to the VMs.
  private func world(behind router: String) -> String {
    """
    ip netns add world
    ip netns exec world sh -c '\(settings(forwarding: false))'
    ip \(router) link add uplink0 type veth peer name eth0
    ip \(router) link set eth0 netns world
    ip \(router) -batch - <<'END'
    addr add 198.51.100.1/24 dev uplink0
    addr add 2001:db8:51::1/64 dev uplink0
    link set uplink0 up
    END
    ip -n world -batch - <<'END'
    link set lo up
    addr add 198.51.100.2/24 dev eth0
    addr add 2001:db8:51::2/64 dev eth0
    link set eth0 up
    route add 192.168.122.0/24 via 198.51.100.1
    route add 2001:db8:122::/64 via 2001:db8:51::1
    END

    """
  }

  /// The MAC of a part of the host that is no VM: 52:54:00:HH:ff:NN.
  private func mac(_ last: Int) -> String {
    "52:54:00:\(hexadecimal(host.number)):ff:\(hexadecimal(last))"
  }
}
