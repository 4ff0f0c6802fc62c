// SPDX-License-Identifier: Apache-2.0

/// What the VMs of a sandbox host are connected to.
///
/// In every kind, the VMs are ports of the bridge `br0`, their gateway is 192.168.122.1 and 2001:db8:122::1, and there is
/// a namespace `world` that can send traffic to them.
public enum SandboxNetwork: String, Sendable, Hashable, Codable, CaseIterable {
  /// The bridge alone. The host is 192.168.122.1; `world` is one more port, 192.168.122.2 and 2001:db8:122::2.
  case bridge
  /// The host (192.168.122.1) routes to `world` (198.51.100.2 and 2001:db8:51::2) and masquerades IPv4 on the way out,
  /// and serves DHCP, router advertisements and DNS. `world` has a route to the VMs, so it can also begin connections.
  case nat
  /// A namespace `router` (192.168.122.1) routes to `world` (198.51.100.2 and 2001:db8:51::2), and serves DHCP, router
  /// advertisements and DNS. The host itself is 192.168.122.3 and 2001:db8:122::3.
  case routed
}

/// What ``Sandbox/up(_:)`` is to start.
public struct SandboxOptions: Sendable, Hashable, Codable {
  /// Hosts to have, numbered from 1; 1 to 255.
  public var hosts: Int
  /// VMs (network namespaces) per host, numbered from 1; 0 to 200.
  public var virtualMachines: Int
  /// QEMU domains per host, numbered from 1; 0 to 200.
  public var qemuDomains: Int
  /// What the VMs are connected to.
  public var network: SandboxNetwork
  /// Whether the hosts start with libvirt's own filters, as they are installed on this machine.
  public var stockFilters: Bool
  /// The size of a file system of its own for /etc/libvirt/nwfilter, as mount(8) takes it for a tmpfs (`64k`): to see
  /// what happens on a full disk. None if nil.
  public var filterDirectorySize: String?
  /// Whether bridged frames meet iptables and ip6tables (net.bridge.bridge-nf-call-*); libvirt's layer-3 rules need it.
  public var bridgeNetfilter: Bool
  /// Whether libvirtd logs its nwfilter calls and each command that it runs, at debug level.
  public var libvirtdDebugLog: Bool

  /// One host with two VMs on a bridge, unless told otherwise.
  public init(
    hosts: Int = 1, virtualMachines: Int = 2, qemuDomains: Int = 0, network: SandboxNetwork = .bridge,
    stockFilters: Bool = true, filterDirectorySize: String? = nil, bridgeNetfilter: Bool = true,
    libvirtdDebugLog: Bool = false
  ) {
    self.hosts = hosts
    self.virtualMachines = virtualMachines
    self.qemuDomains = qemuDomains
    self.network = network
    self.stockFilters = stockFilters
    self.filterDirectorySize = filterDirectorySize
    self.bridgeNetfilter = bridgeNetfilter
    self.libvirtdDebugLog = libvirtdDebugLog
  }

  func validate() throws(SandboxError) {
    for (name, value, range) in [
      ("hosts", hosts, 1...255), ("VMs", virtualMachines, 0...200), ("QEMU domains", qemuDomains, 0...200),
    ] where !range.contains(value) {
      throw SandboxError(
        code: .invalidOption, message: "\(value) \(name): must be \(range.lowerBound) to \(range.upperBound)")
    }
    if let size = filterDirectorySize {
      let digits = size.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, ["", "k", "m", "g", "%"].contains(size.dropFirst(digits.count)) else {
        throw SandboxError(
          code: .invalidOption, message: "filter directory size `\(size)`: expected a number, then k, m, g or %")
      }
    }
  }
}
