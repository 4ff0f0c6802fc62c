// SPDX-License-Identifier: Apache-2.0

internal import Processes

/// What the sandbox asks of a host's libvirtd, with virsh.
extension Sandbox {
  /// Binds a filter to the port of a VM, in place of the one that it had.
  ///
  /// - Parameters:
  ///   - machine: the VM's name, `vm1`.
  ///   - parameters: the filter's variables, in order; a name given several times makes a list.
  /// - Throws: `SandboxError`: `notRunning`, `unknownMachine`, `timedOut`, `failed` with libvirt's own words.
  public func bind(
    host number: Int = 1, vm machine: String, filter: String, parameters: [(name: String, value: String)] = []
  ) async throws(SandboxError) {
    let vm = try virtualMachine(number, machine)
    let variables = parameters.map { "<parameter name='\(escaped($0.name))' value='\(escaped($0.value))'/>" }
    let xml = """
      <filterbinding>
        <owner><name>\(vm.name)</name><uuid>\(vm.uuid)</uuid></owner>
        <portdev name='\(vm.port)'/>
        <mac address='\(vm.mac)'/>
        <filterref filter='\(escaped(filter))'>\(variables.joined())</filterref>
      </filterbinding>
      """
    if try await bindings(number).contains(vm.port) {
      try await virsh(number, ["nwfilter-binding-delete", vm.port])
    }
    try await virsh(number, ["nwfilter-binding-create", "/dev/stdin"], input: xml)
  }

  /// Takes the filter from the port of a VM. A port without one is no error.
  ///
  /// - Throws: `SandboxError`: `notRunning`, `unknownMachine`, `timedOut`, `failed`.
  public func unbind(host number: Int = 1, vm machine: String) async throws(SandboxError) {
    let vm = try virtualMachine(number, machine)
    if try await bindings(number).contains(vm.port) {
      try await virsh(number, ["nwfilter-binding-delete", vm.port])
    }
  }

  /// Defines and starts, paused, the QEMU domains that a host lacks.
  func addDomains(_ host: SandboxHost, _ options: SandboxOptions) async throws(SandboxError) {
    guard options.qemuDomains > 0 else { return }
    let emulator = Processes.find("qemu-system-x86_64") ?? ""
    let known = Set(lines(try await virsh(host.number, ["list", "--all", "--name"])))
    let running = Set(lines(try await virsh(host.number, ["list", "--name"])))
    for domain in (1...options.qemuDomains).map(host.qemuDomain) where !running.contains(domain.name) {
      if !known.contains(domain.name) {
        try await virsh(host.number, ["define", "/dev/stdin"], input: xml(of: domain, emulator: emulator))
      }
      try await virsh(host.number, ["start", "--paused", domain.name])
    }
  }

  private func xml(of domain: SandboxQEMUDomain, emulator: String) -> String {
    """
    <domain type='qemu'>
      <name>\(domain.name)</name>
      <uuid>\(domain.uuid)</uuid>
      <memory unit='MiB'>16</memory>
      <vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <devices>
        <emulator>\(emulator)</emulator>
        <controller type='usb' model='none'/>
        <memballoon model='none'/>
        <interface type='bridge'>
          <mac address='\(domain.mac)'/>
          <source bridge='br0'/>
          <target dev='\(domain.port)'/>
          <model type='virtio'/>
        </interface>
      </devices>
    </domain>
    """
  }

  /// The ports of a host that have a filter binding.
  private func bindings(_ number: Int) async throws(SandboxError) -> Set<String> {
    let rows = lines(try await virsh(number, ["nwfilter-binding-list"]))
    return Set(rows.compactMap { $0.split(separator: " ").first.map(String.init) })
  }

  private func virtualMachine(_ number: Int, _ name: String) throws(SandboxError) -> SandboxVirtualMachine {
    let machines = virtualMachines(of: host(number), try runningProcess(number))
    guard let machine = machines.first(where: { $0.name == name }) else {
      let names = machines.map(\.name).joined(separator: ", ")
      throw SandboxError(
        code: .unknownMachine, message: "h\(number) has no VM \(name)",
        hint: names.isEmpty ? "it has no VMs" : "it has: \(names)")
    }
    return machine
  }

  @discardableResult
  private func virsh(_ number: Int, _ arguments: [String], input: String? = nil) async throws(SandboxError) -> String {
    let address = try uri(host: number)
    do {
      let result = try await Processes.run(
        "virsh", ["-q", "-c", address] + arguments, input: input, environment: Sandbox.environment,
        deadline: .seconds(60))
      return try result.requireSuccess().output
    } catch {
      throw SandboxError(error, doing: arguments.joined(separator: " "))
    }
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case "'": result += "&apos;"
      default: result.append(character)
      }
    }
    return result
  }
}
