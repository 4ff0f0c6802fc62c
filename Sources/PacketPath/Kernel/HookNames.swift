// SPDX-License-Identifier: Apache-2.0

extension Hook {
  /// The program that lists the hook's rules: `ebtables -t nat`, `iptables` or `ip6tables`.
  public var tool: String {
    switch self {
    case .ethernet: "ebtables -t nat"
    case .forwardFromMachine(let family), .forwardToMachine(let family), .inputFromMachine(let family):
      family == .ipv4 ? "iptables" : "ip6tables"
    }
  }

  /// The kernel's name of a chain (nwfilter_ebiptables_driver.c, PRINT_ROOT_CHAIN, PRINT_CHAIN and PRINT_IPT_ROOT_CHAIN).
  ///
  /// - Parameters:
  ///   - chain: as in nwfilter; the packet hooks have `root` alone.
  ///   - port: the name of the VM's interface on the host.
  public func chainName(_ chain: String, port: String) -> String {
    switch self {
    case .ethernet(let way):
      let letter = way == .fromMachine ? "I" : "O"
      return chain == "root" ? "libvirt-\(letter)-\(port)" : "\(letter)-\(port)-\(chain)"
    case .forwardFromMachine: return "FI-\(port)"
    case .forwardToMachine: return "FO-\(port)"
    case .inputFromMachine: return "HI-\(port)"
    }
  }
}
