// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import Libvirt
import PacketPath
import PacketProbe
import Processes
import Sandbox

/// What became of a case.
struct AgreementResult: Sendable {
  /// What became of a trial.
  enum Finding: Sendable, Equatable {
    case agreement
    /// The frame arrived, though PacketPath says that it does not, or the reverse.
    case disagreement(arrived: Bool)
    /// PacketPath says that the frame is dropped silently, but its sender was told.
    case rejected
    /// Why there is nothing to compare.
    case incomparable(String)
  }

  var item: AgreementCase
  /// For each trial; empty if the filter was not bound.
  var findings: [Finding] = []
  /// Why the filter was not bound, if so.
  var refusal: String?
  /// How many of the frames that were compared arrived.
  var passed = 0
  /// What PacketPath has against the filter, if so.
  var problem: KernelProgramError?
  /// The kernel's rules, where something disagrees.
  var rules = ""

  /// The kernel has the filter, but PacketPath none.
  var isRefusedWrongly: Bool { problem != nil && refusal == nil }

  var compared: Int { findings.count { if case .incomparable = $0 { false } else { true } } }

  var disagreements: [Int] {
    findings.indices.filter { index in
      switch findings[index] {
      case .agreement, .incomparable: false
      case .disagreement, .rejected: true
      }
    }
  }
}

/// Cases on a host of their own: frames sent with no filter, what has to go before, filters bound, frames sent again.
struct AgreementRun: Sendable {
  static let deadline = Duration.seconds(120)

  /// - Parameter folder: where the sandbox's own is made, which is gone in the end.
  static func run(_ cases: [AgreementCase], in folder: String) async throws -> [AgreementResult] {
    let machines = cases.map(\.machine).max() ?? 2
    // Stock filters take time to load, and random trees do not refer to them.
    let options = SandboxOptions(
      virtualMachines: machines, network: .nat, stockFilters: cases.contains { $0.xml != nil })
    let name = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    let sandbox = Sandbox(root: "\(folder)/nwfleet-\(name)")
    do {
      try await sandbox.up(options)
      let lab = try await FrameLab(sandbox, machines: machines)
      defer { lab.close() }
      let connection = try await Connection.open(uri: try sandbox.uri(), access: .readWrite)
      let results = try await AgreementRun(sandbox: sandbox, lab: lab, connection: connection).results(cases)
      _ = try await connection.close()
      try await sandbox.down()
      return results
    } catch {
      try await sandbox.down()
      throw error
    }
  }

  let sandbox: Sandbox
  let lab: FrameLab
  let connection: Connection

  private typealias Key = (item: Int, trial: Int)

  private func results(_ cases: [AgreementCase]) async throws -> [AgreementResult] {
    let keys = cases.indices.flatMap { item in cases[item].trials.indices.map { (item, $0) } }
    var results = cases.map { AgreementResult(item: $0) }
    for index in cases.indices {
      results[index].findings = Array(repeating: .agreement, count: cases[index].trials.count)
    }
    // Which frames the network itself does not carry.
    let carried = await send(cases, keys, phase: 0)
    try lab.forgetConnections()
    let prepared = await open(cases, keys, phase: 1)
    var programs: [KernelProgram?] = []
    for index in cases.indices {
      results[index].refusal = await bind(&results[index].item)
      do throws(KernelProgramError) {
        programs.append(try results[index].item.program(lab.plan))
      } catch {
        programs.append(nil)
        results[index].problem = error
      }
    }
    let comparable = keys.enumerated().filter { number, key in
      let reason: String? =
        if results[key.0].refusal != nil || programs[key.0] == nil {
          "the filter is not bound"
        } else if !carried.contains(number) {
          "the network does not carry the frame, whatever the filter"
        } else if !prepared.contains(number) {
          "what has to go before it did not arrive"
        } else {
          cases[key.0].incomparable(cases[key.0].trials[key.1])
        }
      if let reason { results[key.0].findings[key.1] = .incomparable(reason) }
      return reason == nil
    }
    let outcomes = comparable.map { _, key in
      let trial = cases[key.0].trials[key.1]
      return programs[key.0]?.evaluate(trial.frame.packetPathFrame, trial.way, trial.topology, trial.tracking).outcome
        ?? .undecided
    }
    let expected = Set(comparable.indices.filter { outcomes[$0].arrives })
    let compared = comparable.map(\.element)
    let arrived = await send(cases, compared, phase: 4, expecting: expected)
    for (number, key) in compared.enumerated() {
      if arrived.contains(number) { results[key.0].passed += 1 }
      if arrived.contains(number) != expected.contains(number) {
        results[key.0].findings[key.1] = .disagreement(arrived: arrived.contains(number))
      } else if outcomes[number] == .dropped, cases[key.0].isUnicast(cases[key.0].trials[key.1], lab.plan),
        lab.wasTold(shot(cases, key, number, phase: 4))
      {
        results[key.0].findings[key.1] = .rejected
      }
    }
    for index in cases.indices where !results[index].disagreements.isEmpty || results[index].isRefusedWrongly {
      results[index].rules = try await rules(of: cases[index].machine)
    }
    return results
  }

  // MARK: Frames

  private func shot(_ cases: [AgreementCase], _ key: Key, _ number: Int, phase: UInt32) -> FrameLab.Shot {
    let item = cases[key.item]
    let trial = item.trials[key.trial]
    let places = trial.places(trial.way, machine: item.machine)
    return FrameLab.Shot(phase << 24 | UInt32(number), trial.frame, from: places.from, to: places.to)
  }

  /// Sends the frames of trials, and says which arrived, by their places in `keys`.
  private func send(
    _ cases: [AgreementCase], _ keys: [Key], phase: UInt32, expecting expected: Set<Int> = []
  ) async -> Set<Int> {
    let shots = keys.enumerated().map { number, key in shot(cases, key, number, phase: phase) }
    let arrived = await lab.send(shots, expecting: Set(expected.map { phase << 24 | UInt32($0) }))
    return Set(arrived.map { Int($0 & 0xff_ffff) })
  }

  /// Sends what goes before, first packets first, and says for which trials all of it arrived.
  private func open(_ cases: [AgreementCase], _ keys: [Key], phase: UInt32) async -> Set<Int> {
    var complete = Set(keys.indices)
    let steps = keys.map { cases[$0.item].trials[$0.trial].openers.count }.max() ?? 0
    for step in 0..<steps {
      var shots: [FrameLab.Shot] = []
      var numbers: Set<Int> = []
      for (number, key) in keys.enumerated() {
        let (item, trial) = (cases[key.item], cases[key.item].trials[key.trial])
        guard step < trial.openers.count, complete.contains(number) else { continue }
        let opener = trial.openers[step]
        let places = trial.places(opener.way, machine: item.machine)
        let token = (phase + UInt32(step)) << 24 | UInt32(number)
        shots.append(FrameLab.Shot(token, opener.frame, from: places.from, to: places.to))
        numbers.insert(number)
      }
      let arrived = await lab.send(shots, expecting: Set(shots.map(\.token)))
      complete.subtract(numbers.subtracting(arrived.map { Int($0 & 0xff_ffff) }))
    }
    return complete
  }

  // MARK: Filters

  /// Why libvirt does not bind the case's filter; nil if it does.
  private func bind(_ item: inout AgreementCase) async -> String? {
    do throws(LibvirtError) {
      if let xml = item.xml {
        try await connection.defineFilter(xml: xml, deadline: Self.deadline)
        try await readBack(&item.tree)
      } else {
        guard let filters = item.tree.definitionOrder else { return "a filter is missing, or refers to itself" }
        for filter in filters {
          try await connection.defineFilter(xml: FilterXML.write(filter), deadline: Self.deadline)
        }
      }
      let machine = sandbox.host(1).virtualMachine(item.machine)
      let binding = FilterBinding(
        ownerName: machine.name, ownerUUID: ObjectUUID(machine.uuid) ?? ObjectUUID(high: 0, low: UInt64(item.machine)),
        portDevice: machine.port, mac: MACAddress(lab.plan.mac(item.machine)),
        reference: FilterReference(item.tree.root, parameters: item.tree.parameters))
      try await connection.createBinding(xml: BindingXML.write(binding), deadline: Self.deadline)
      return nil
    } catch {
      return error.message
    }
  }

  /// Takes the filters of a tree, and those that they refer to, from libvirt.
  private func readBack(_ tree: inout FilterTree) async throws(LibvirtError) {
    var waiting = [tree.root]
    tree.filters = [:]
    while let name = waiting.popLast() {
      guard tree.filters[name] == nil, let xml = try await connection.filterXML(named: name),
        let filter = FilterXML.parse(xml).filter
      else { continue }
      tree.filters[name] = filter
      waiting += filter.references.map(\.filter)
    }
  }

  /// All rules of a VM's port, as the kernel has them.
  private func rules(of machine: Int) async throws -> String {
    let port = sandbox.host(1).virtualMachine(machine).port
    let script = """
      for command in iptables ip6tables; do
        echo "# $command"
        $command -w -S | grep -E '[FH][IO]-\(port)( |$)' || :
      done
      echo '# ebtables'
      ebtables --concurrent -t nat -L | awk -v RS= -v ORS='\\n' '/\(port)([^0-9]|$)/'
      """
    return try await sandbox.exec(["sh", "-c", script]).output
  }
}

extension Outcome {
  /// Where the host's own rules let through what nobody decides.
  var arrives: Bool { self == .accepted || self == .undecided }
}

extension AgreementCase {
  /// Whether a bridge brings the frame to no other port, whose filter might tell the sender.
  fileprivate func isUnicast(_ trial: Trial, _ plan: LabPlan) -> Bool {
    [plan.mac(machine), plan.mac(1), plan.bridge].contains(trial.frame.destinationMAC)
  }

  /// Why a trial says nothing, though its frame could be sent; nil if it does.
  fileprivate func incomparable(_ trial: Trial) -> String? {
    let limits = tree.filters.values.flatMap(\.rules).compactMap { $0.match?["connlimit-above"]?.value }
    guard !limits.isEmpty, trial.frame.isInternet else { return nil }
    if trial.tracking.state != .new {
      return "connlimit counts connections that are older than the rule differently from kernel to kernel"
    }
    // The limits of random filters are below or above all that a source may have here.
    let areReached = limits.contains { if case .number(let limit) = $0 { limit > 0 && limit < 1000 } else { true } }
    if areReached, trials.count(where: { $0.frame.source == trial.frame.source }) > 1 {
      return "connlimit counts several connections of the packet's source"
    }
    return nil
  }
}
