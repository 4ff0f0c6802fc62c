// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
public import Glibc
import Processes

/// Whether the kernel of a host hands bridged packets to iptables and ip6tables.
///
/// Where it does not, libvirt's layer-3 rules are in place and never looked at; libvirt itself only logs a warning
/// (nwfilter_ebiptables_driver.c, iptablesCheckBridgeNFCallEnabled).
public struct BridgeFiltering: Sendable, Hashable {
  /// What a sysctl says.
  public enum State: String, Sendable, Hashable {
    case on, off
    /// It cannot be read from here.
    case unknown
  }

  /// net.bridge.bridge-nf-call-iptables.
  public var ipv4: State
  /// net.bridge.bridge-nf-call-ip6tables.
  public var ipv6: State

  /// Not to be read: another machine, or no rights.
  public static let unknown = BridgeFiltering(ipv4: .unknown, ipv6: .unknown)

  private static let folder = "/proc/sys/net/bridge"

  /// Reads the sysctls of the network namespace that a process of this machine is in.
  ///
  /// The kernel has these two per network namespace; those of another namespace are read by `cat` inside it, which needs
  /// root. A missing sysctl means that br_netfilter is not loaded, so that nothing is handed over.
  public static func read(ofProcess process: pid_t) async -> BridgeFiltering {
    switch NetworkNamespace(ofProcess: process) {
    case .own:
      return BridgeFiltering(ipv4: ownState("bridge-nf-call-iptables"), ipv6: ownState("bridge-nf-call-ip6tables"))
    case .unknown: return .unknown
    case .other: break
    }
    async let ipv4 = state("bridge-nf-call-iptables", inNamespaceOf: process)
    async let ipv6 = state("bridge-nf-call-ip6tables", inNamespaceOf: process)
    return await BridgeFiltering(ipv4: ipv4, ipv6: ipv6)
  }

  private static func ownState(_ name: String) -> State {
    guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { return .off }
    return text.hasPrefix("0") ? .off : .on
  }

  /// A missing sysctl prints nothing and is `off`; a namespace that cannot be entered is `unknown`.
  private static func state(_ name: String, inNamespaceOf process: pid_t) async -> State {
    let script = #"test ! -e "$0" || cat "$0""#
    let result = try? await Processes.run(
      "nsenter", ["-t", String(process), "-n", "sh", "-c", script, "\(folder)/\(name)"], deadline: .seconds(5))
    guard let result, result.succeeded else { return .unknown }
    return result.output.isEmpty || result.output.hasPrefix("0") ? .off : .on
  }
}
