// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Diagnostics
import Glibc
import Reconcile
public import Sandbox

struct SandboxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Real libvirtd instances in private namespaces of this machine, to try policies on.",
    discussion: """
      Host N has VMs vm1, vm2, … on ports vnet1, vnet2, … with MACs 52:54:00:HH:00:KK (host, VM) and addresses \
      192.168.122.(10+K) and 2001:db8:122::(10+K); plan and apply reach it as --connect sandbox:///N. Needs root; the \
      machine's own libvirt is not touched.
      """,
    subcommands: [
      SandboxUpCommand.self, SandboxDownCommand.self, SandboxStatusCommand.self, SandboxExecCommand.self,
      SandboxURICommand.self, SandboxBindCommand.self,
    ])
}

struct SandboxUpCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start hosts with VMs; those that run already are kept.")

  @Option(help: ArgumentHelp("Hosts.", valueName: "count"))
  var hosts = 1

  @Option(help: ArgumentHelp("VMs of each host: network namespaces.", valueName: "count"))
  var vms = 2

  @Option(help: ArgumentHelp("QEMU domains of each host: q1, q2, … , paused.", valueName: "count"))
  var qemu = 0

  @Option(help: ArgumentHelp("What the VMs are connected to: bridge, nat or routed.", valueName: "kind"))
  var net = SandboxNetwork.bridge

  @Flag(name: .customLong("no-bridge-netfilter"), help: "Leave bridge-nf-call-iptables and -ip6tables off.")
  var noBridgeNetfilter = false

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    output.progress("starting \(hosts) host\(hosts == 1 ? "" : "s")")
    let sandbox = Sandbox()
    _ = try await sandbox.up(
      SandboxOptions(
        hosts: hosts, virtualMachines: vms, qemuDomains: qemu, network: net, bridgeNetfilter: !noBridgeNetfilter))
    output.endProgress()
    SandboxStatus(sandbox.status()).show(output)
    return .done
  }
}

extension SandboxNetwork: ExpressibleByArgument {}

struct SandboxDownCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Stop the sandbox and remove everything of it.")

  @Option(help: ArgumentHelp("Only this host.", valueName: "number"))
  var host: Int?

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    let sandbox = Sandbox()
    // Which files are theirs is told by their sockets, which go with them.
    let hosts = sandbox.status().map(\.host).filter { host == nil || $0.number == host }
    let files = ["qemu", "nwfilter", "lxc"].flatMap { driver in
      hosts.flatMap { RuntimeFolder.files(of: $0.uri(driver: driver)) }
    }
    try await sandbox.down(host: host)
    RuntimeFolder.remove(files)
    return .done
  }
}

struct SandboxStatusCommand: Subcommand {
  static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the sandbox's hosts and VMs.")

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    SandboxStatus(Sandbox().status()).show(output)
    return .done
  }
}

/// The state of the sandbox for output.
struct SandboxStatus: Encodable {
  struct Host: Encodable {
    var number: Int
    var isUp: Bool
    var uri: String
    var network: String
    var libvirtd: Int32?
    var machines: [Machine]
  }

  struct Machine: Encodable {
    var name: String
    var port: String
    var mac: String
    var addresses: [String]
  }

  var hosts: [Host]

  init(_ hosts: [SandboxHostStatus]) {
    self.hosts = hosts.map { status in
      Host(
        number: status.host.number, isUp: status.isUp, uri: status.host.uri(), network: status.network.rawValue,
        libvirtd: status.libvirtdPID,
        machines: status.virtualMachines.map {
          Machine(name: $0.name, port: $0.port, mac: $0.mac, addresses: $0.addresses)
        } + status.qemuDomains.map { Machine(name: $0.name, port: $0.port, mac: $0.mac, addresses: []) })
    }
  }

  func show(_ output: Output) {
    if output.isJSON {
      output.result(self)
      return
    }
    if hosts.isEmpty { output.result("No sandbox.\n") }
    for host in hosts {
      let state = host.libvirtd.map { "libvirtd \($0)" } ?? "libvirtd is not running"
      output.result("sandbox:///\(host.number)  \(host.network)  \(host.isUp ? state : "down")\n")
      output.result("  \(host.uri)\n")
      for machine in host.machines {
        output.result(
          "  \(machine.name)  \(machine.port)  \(machine.mac)  \(machine.addresses.joined(separator: " "))\n")
      }
    }
  }
}

struct SandboxExecCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Run a command inside a host, or inside a VM of it; its exit code is passed on.",
    discussion: "nwfleet sandbox exec --vm vm1 -- ping -c1 192.168.122.12")

  @Option(help: ArgumentHelp("Which host.", valueName: "number"))
  var host = 1

  @Option(help: ArgumentHelp("A VM, or 'world' or 'router'.", valueName: "name"))
  var vm: String?

  @OptionGroup var output: OutputOptions

  @Argument(parsing: .postTerminator, help: "The command, after --.")
  var command: [String]

  func execute(_ output: Output) async throws -> ExitStatus {
    let status = try await Sandbox().execAttached(host: host, vm: vm, command)
    fflush(nil)
    _exit(status)
  }
}

struct SandboxURICommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "uri", abstract: "Print the libvirt URI of a host, for virsh -c.")

  @Option(help: ArgumentHelp("Which host.", valueName: "number"))
  var host = 1

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    let uri = try Sandbox().uri(host: host)
    if output.isJSON { output.result(["uri": uri]) } else { output.result(uri + "\n") }
    return .done
  }
}

struct SandboxBindCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "bind", abstract: "Put a filter of the host on a VM's port, without any policy.")

  @Option(help: ArgumentHelp("Which host.", valueName: "number"))
  var host = 1

  @Argument(help: "The VM, e.g. vm1.")
  var vm: String

  @Argument(help: "The filter.")
  var filter: String

  @Argument(help: ArgumentHelp("Parameters.", valueName: "NAME=VALUE"))
  var parameters: [String] = []

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var pairs: [(name: String, value: String)] = []
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw DiagnosticError(Diagnostic("bad-parameter", "'\(parameter)' is no parameter", expected: "NAME=VALUE"))
      }
      pairs.append((String(parts[0]), String(parts[1])))
    }
    try await Sandbox().bind(host: host, vm: vm, filter: filter, parameters: pairs)
    return .done
  }
}
