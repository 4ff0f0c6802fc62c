// SPDX-License-Identifier: Apache-2.0

/// The configuration files of a host.
enum HostConfiguration {
  /// libvirtd.conf: the socket for root alone, no polkit, its own log file.
  static func daemon(_ host: SandboxHost, debugLog: Bool) -> String {
    // util.command logs each program that libvirtd runs, ebtables and iptables among them.
    let level =
      debugLog
      ? "log_filters = \"1:nwfilter 1:util.firewall 1:util.command 3:*\"\nlog_outputs = \"1:file:/var/log/libvirt/libvirtd.log\""
      : "log_outputs = \"3:file:/var/log/libvirt/libvirtd.log\""
    return """
      unix_sock_group = "root"
      unix_sock_rw_perms = "0770"
      auth_unix_ro = "none"
      auth_unix_rw = "none"
      unix_sock_dir = "/run/libvirt"
      host_uuid = "6e776600-0000-4002-8000-0000000000\(hexadecimal(host.number))"
      log_level = 3
      \(level)

      """
  }

  /// qemu.conf: QEMU as root in the host's namespaces, with no cgroups and no security driver.
  static let qemu = """
    user = "root"
    group = "root"
    security_driver = "none"
    namespaces = []
    cgroup_controllers = []
    remember_owner = 0
    stdio_handler = "file"

    """

  /// /etc/hosts: the host, its surroundings, and all VMs that it may have.
  static func hosts(_ host: SandboxHost, _ options: SandboxOptions) -> String {
    var lines = ["127.0.0.1 localhost", "::1 localhost", "127.0.1.1 \(host.name)"]
    switch options.network {
    case .bridge: lines += ["192.168.122.2 world", "2001:db8:122::2 world"]
    case .nat: lines += ["198.51.100.2 world", "2001:db8:51::2 world"]
    case .routed:
      lines += ["198.51.100.2 world", "2001:db8:51::2 world", "192.168.122.1 router", "2001:db8:122::1 router"]
    }
    for vm in (1...200).map(host.virtualMachine) {
      lines += vm.addresses.map { "\($0) \(vm.name)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// dnsmasq's configuration: DHCP with the VMs' own addresses, router advertisements with the managed flag and no
  /// autoconfiguration (a VM has its declared address and no other), DNS for the VMs' names.
  static func dnsmasq(_ host: SandboxHost, _ options: SandboxOptions) -> String {
    var lines = [
      "interface=\(options.network == .routed ? "lan0" : "br0")", "bind-interfaces", "user=root",
      "no-resolv", "no-hosts", "pid-file=/run/dnsmasq.pid", "dhcp-leasefile=/run/dnsmasq.leases", "domain=sandbox.test",
      "expand-hosts",
      "dhcp-range=192.168.122.220,192.168.122.254,255.255.255.0,1h",
      "dhcp-range=2001:db8:122::1000,2001:db8:122::1fff,64,1h", "enable-ra", "dhcp-authoritative",
    ]
    for vm in (1...200).map(host.virtualMachine) {
      lines.append("dhcp-host=\(vm.mac),\(vm.ipv4Address),[\(vm.ipv6Address)],\(vm.name)")
      lines.append("host-record=\(vm.name),\(vm.name).sandbox.test,\(vm.ipv4Address),\(vm.ipv6Address)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
