// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Processes

/// What this machine must have for a sandbox.
enum Requirements {
  /// The Debian packages of the programs.
  private static let packages = [
    "libvirtd": "libvirt-daemon", "virsh": "libvirt-clients", "ip": "iproute2", "unshare": "util-linux",
    "nsenter": "util-linux", "flock": "util-linux", "mount": "mount", "dnsmasq": "dnsmasq-base",
    "iptables": "iptables", "ip6tables": "iptables", "ebtables": "ebtables",
    "qemu-system-x86_64": "qemu-system-x86",
  ]

  /// The first reason why a sandbox cannot run here, or nil.
  static func unmet(by options: SandboxOptions) -> SandboxError? {
    guard geteuid() == 0 else {
      return SandboxError(
        code: .notRoot, message: "the sandbox needs root: it makes namespaces and starts libvirtd in them",
        hint: "run it with sudo")
    }
    var tools = [
      "libvirtd", "virsh", "ip", "unshare", "nsenter", "flock", "mount", "iptables", "ip6tables", "ebtables",
    ]
    if options.network != .bridge { tools.append("dnsmasq") }
    if options.qemuDomains > 0 { tools.append("qemu-system-x86_64") }
    let missing = tools.filter { Processes.find($0) == nil }
    guard let first = missing.first else { return nil }
    let wanted = Set(missing.compactMap { packages[$0] }).sorted().joined(separator: " ")
    return SandboxError(
      code: .missingTool,
      message: "the sandbox needs programs that are not here: \(missing.joined(separator: ", "))",
      hint: wanted.isEmpty ? "install \(first)" : "on Debian: apt install \(wanted)")
  }
}

extension Sandbox {
  /// Why a sandbox of these options cannot run on this machine, or nil if it can: root, and programs that it needs.
  public static func unmetRequirement(for options: SandboxOptions = SandboxOptions()) -> SandboxError? {
    Requirements.unmet(by: options)
  }
}
