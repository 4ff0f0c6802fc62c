// SPDX-License-Identifier: Apache-2.0

/// One host of a sandbox: a libvirtd in namespaces of its own.
public struct SandboxHost: Sendable, Hashable {
  /// Its number, from 1.
  public let number: Int
  /// Its folder: `etc`, `lib`, `cache`, `log` and `run` are its /etc/libvirt, /var/lib/libvirt and so on.
  public let directory: String

  /// Its name, and its hostname: `h1`.
  public var name: String { "h\(number)" }
  /// The path of libvirtd's socket, which can be connected to from outside the namespaces.
  public var socket: String { "\(directory)/run/libvirt-sock" }
  /// The folder of its filters, its /etc/libvirt/nwfilter. Empty from outside with a ``SandboxOptions/filterDirectorySize``.
  public var filterDirectory: String { "\(directory)/etc/nwfilter" }
  /// The log of its libvirtd.
  public var log: String { "\(directory)/log/libvirtd.log" }

  /// The libvirt URI of the host, for a driver such as `qemu` or `nwfilter`.
  public func uri(driver: String = "qemu") -> String {
    "\(driver)+unix://\(driver == "lxc" ? "/" : "/system")?socket=\(socket)"
  }

  /// The VM of a number, whether it is there or not.
  public func virtualMachine(_ number: Int) -> SandboxVirtualMachine {
    SandboxVirtualMachine(host: self.number, number: number)
  }

  /// The QEMU domain of a number, whether it is there or not.
  public func qemuDomain(_ number: Int) -> SandboxQEMUDomain {
    SandboxQEMUDomain(host: self.number, number: number)
  }
}

/// A VM that is a network namespace; its facts follow from the numbers alone.
public struct SandboxVirtualMachine: Sendable, Hashable {
  /// The number of its host.
  public let host: Int
  /// Its number, from 1.
  public let number: Int

  /// Its name, and that of its network namespace: `vm1`.
  public var name: String { "vm\(number)" }
  /// The port on the host's side: `vnet1`.
  public var port: String { "vnet\(number)" }
  /// `52:54:00:HH:00:KK`, with the numbers of host and VM in hexadecimal.
  public var mac: String { "52:54:00:\(hexadecimal(host)):00:\(hexadecimal(number))" }
  /// The owner's UUID of its filter binding.
  public var uuid: String { "6e776600-0000-4000-8000-0000\(hexadecimal(host))0000\(hexadecimal(number))" }
  /// 192.168.122.(10 + number).
  public var ipv4Address: String { "192.168.122.\(10 + number)" }
  /// 2001:db8:122::(10 + number), the last group written with the decimal digits of the IPv4 address.
  public var ipv6Address: String { "2001:db8:122::\(10 + number)" }
  /// Both addresses, IPv4 first.
  public var addresses: [String] { [ipv4Address, ipv6Address] }
}

/// A QEMU domain of a sandbox: paused, 16 MiB, no disk, one interface on br0.
public struct SandboxQEMUDomain: Sendable, Hashable {
  /// The number of its host.
  public let host: Int
  /// Its number, from 1.
  public let number: Int

  /// Its name: `q1`.
  public var name: String { "q\(number)" }
  /// The port on the host's side: `tapq1`.
  public var port: String { "tapq\(number)" }
  /// `52:54:00:HH:f0:KK`, with the numbers of host and domain in hexadecimal.
  public var mac: String { "52:54:00:\(hexadecimal(host)):f0:\(hexadecimal(number))" }
  /// Its UUID.
  public var uuid: String { "6e776600-0000-4001-8000-0000\(hexadecimal(host))0000\(hexadecimal(number))" }
}

/// What a host of a sandbox is doing.
public struct SandboxHostStatus: Sendable, Hashable {
  /// The host.
  public let host: SandboxHost
  /// Whether its namespaces are there. A host without is a half-finished start: `up` or `down` clears it.
  public let isUp: Bool
  /// What its VMs are connected to.
  public let network: SandboxNetwork
  /// The pid of its first process, as seen from outside.
  public let pid: Int32?
  /// The pid of its libvirtd, as seen from outside; nil if that does not run.
  public let libvirtdPID: Int32?
  /// Its VMs, by number.
  public let virtualMachines: [SandboxVirtualMachine]
  /// Its QEMU domains whose processes run, by number.
  public let qemuDomains: [SandboxQEMUDomain]
}

/// Two hexadecimal digits of a number below 256.
func hexadecimal(_ number: Int) -> String {
  let digits = String(number, radix: 16)
  return digits.count < 2 ? "0" + digits : digits
}
