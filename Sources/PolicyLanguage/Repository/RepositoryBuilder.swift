// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// Puts the files of a repository together, and checks what no file can know alone: names, references, ports.
struct RepositoryBuilder {
  private(set) var diagnostics: [Diagnostic]
  /// Whether all names of the repository are known; else a name that is missing may be in a file that cannot be read.
  private var isComplete: Bool
  private var project: Located<String>?
  /// A policy with something wrong in it, with all the names of the repository; nil where some of them are not known.
  private(set) var draft: (policy: Policy, groups: [String])?

  /// Suggestions look at every name: past so many unknown names they are not made any more.
  private static let mostSuggestions = 200
  private var suggestionsLeft = Self.mostSuggestions

  init(readingProblems: [Diagnostic]) {
    diagnostics = readingProblems
    isComplete = readingProblems.isEmpty
  }

  /// What is nil where anything is wrong, and what could be read of the inventory in any case.
  mutating func build(_ files: [DecodedFile]) -> (policy: Policy?, inventory: Inventory) {
    for file in files {
      diagnostics += file.diagnostics
      isComplete = isComplete && file.isComplete
    }
    let repositoryID = checkProjectFile(files)
    let locks = files.filter { $0.role == .lock }
    let files = files.filter { $0.role != .lock && $0.role != .environment }
    let hosts = unique(files.flatMap(\.hosts), "host", name: \.name, range: \.origin)
    let machines = mergeMachines(files, locks)
    let inventory = Inventory(hosts: hosts, machines: machines.map { InventoryMachine($0) })
    var policy = Policy(
      identity: Identity(project: project?.value ?? ""), repositoryID: repositoryID ?? "", inventory: inventory)
    policy.networks = mergeNetworks(files, locks)
    policy.sets = unique(files.flatMap(\.sets), "set", name: \.name.value, range: \.name.range)
    policy.services = unique(files.flatMap(\.services), "service", name: \.name.value, range: \.name.range)
    policy.presets = unique(files.flatMap(\.presets), "preset", name: \.name.value, range: \.name.range)
    policy.admins = soleAdmins(files.flatMap(\.admins))
    for machine in machines where !machine.parameters.isEmpty {
      policy.machineParameters[machine.name.value] = machine.parameters
    }
    let groups = unique(files.flatMap(\.groups), "group", name: \.name.value, range: \.name.range)
    for group in groups {
      switch group.content {
      case .rules(let group): policy.groups.append(group)
      case .native(let group): policy.nativeGroups.append(group)
      case nil: break
      }
    }
    let filters = unique(files.flatMap(\.filters), "filter", name: \.filter.filter.name, range: \.filter.origin)
    policy.filters = filters.map(\.filter)
    policy.tests = unique(files.flatMap(\.tests), "tests", name: \.name.value, range: \.name.range)
    policy.never = files.flatMap(\.never)
    diagnostics += PolicyTest.duplicateNames(policy.never, of: "never")
    checkHosts(of: machines, groups, hosts)
    checkPorts(of: machines)
    checkNames(of: filters)
    checkReferences(filters, groups)
    checkCycles(filters)
    if isComplete { draft = (policy, groups.map(\.name.value)) }
    let isRight = project != nil && repositoryID != nil && !diagnostics.contains { $0.severity == .error }
    return (isRight ? policy : nil, inventory)
  }

  // MARK: Facts

  private mutating func mergeMachines(_ files: [DecodedFile], _ locks: [DecodedFile]) -> [DecodedMachine] {
    var merge = FactMerge()
    let own = unique(files.flatMap(\.machines), "VM", name: \.name.value, range: \.name.range)
    let machines = merge.machines(own, locks.flatMap(\.machines))
    merge.checkAddresses(of: machines)
    diagnostics += merge.diagnostics
    return machines
  }

  private mutating func mergeNetworks(_ files: [DecodedFile], _ locks: [DecodedFile]) -> [Network] {
    var merge = FactMerge()
    let own = unique(files.flatMap(\.networks), "network", name: \.name.value, range: \.name.range)
    let locked = locks.flatMap(\.networks)
    merge.check(own + locked)
    diagnostics += merge.diagnostics
    return merge.networks(own, locked)
  }

  // MARK: Names

  /// Sorted by name; a second definition is reported and left out.
  private mutating func unique<Item>(
    _ items: [Item], _ kind: String, name: (Item) -> String, range: (Item) -> SourceRange
  ) -> [Item] {
    var places: [String: Int] = [:]
    places.reserveCapacity(items.count)
    var unique: [(name: String, item: Item)] = []
    unique.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      let name = name(item)
      if let first = places[name] {
        diagnostics.append(
          Diagnostic(
            "defined-twice", "\(kind) '\(name.excerpt)' is defined twice", at: range(item),
            hint: "rename one of them, or remove it",
            notes: [Diagnostic.Note("the first definition", at: range(items[first]))]))
      } else {
        places[name] = index
        unique.append((name, item))
      }
    }
    unique.sort { $0.name < $1.name }
    return unique.map(\.item)
  }

  private mutating func soleAdmins(_ sections: [DecodedAdmins]) -> Admins? {
    for further in sections.dropFirst() {
      diagnostics.append(
        Diagnostic(
          "defined-twice", "admins is there in two files", at: further.origin, hint: "put all of it into one place",
          notes: [Diagnostic.Note("the first one", at: sections[0].origin)]))
    }
    return sections.first?.admins
  }

  private mutating func checkProjectFile(_ files: [DecodedFile]) -> String? {
    let name = PolicyRepository.fileName
    guard let file = files.first(where: { $0.path == name }) else {
      if isComplete {
        diagnostics.append(
          Diagnostic("no-project-file", "there is no \(name)", hint: "make a repository with 'nwfleet init'"))
      }
      return nil
    }
    project = file.project
    let start = SourcePosition(line: 1, column: 1)
    let range = SourceRange(file: name, start: start, end: SourcePosition(line: 1, column: 2))
    guard file.isComplete else { return nil }
    if !file.sections.contains("project") {
      diagnostics.append(
        Diagnostic("missing-key", "\(name) names no project", at: range, hint: "add project: NAME"))
    }
    if !file.sections.contains("id") {
      diagnostics.append(
        Diagnostic(
          "missing-key", "\(name) has no id", at: range, expected: "id: and 8 to 64 hexadecimal digits",
          hint: "add a random one, e.g. from 'openssl rand -hex 8'"))
    }
    return file.repositoryID?.value
  }

  /// Generated filters are called PROJECT.KIND.…: a written one of such a name could be taken for them.
  private mutating func checkNames(of filters: [DecodedFilter]) {
    guard let project else { return }
    let prefix = project.value + "."
    for filter in filters where filter.filter.filter.name.hasPrefix(prefix) {
      diagnostics.append(
        Diagnostic(
          "reserved-filter-name",
          "names that begin with '\(prefix)' are those of the filters that nwfleet generates", at: filter.filter.origin,
          hint: "use '-' in place of the dot"))
    }
  }

  private mutating func checkHosts(
    of machines: [DecodedMachine], _ groups: [DecodedGroup], _ hosts: [InventoryHost]
  ) {
    guard isComplete else { return }
    let known = Set(hosts.map(\.name))
    for host in machines.compactMap(\.host) where !known.contains(host.value) {
      reportHost(host.value, at: host.range, known)
    }
    for group in groups {
      for name in group.hostNames where NamePattern(name.value).isLiteral && !known.contains(name.value) {
        reportHost(name.value, at: name.range, known)
      }
    }
  }

  private mutating func reportHost(_ name: String, at range: SourceRange?, _ known: Set<String>) {
    diagnostics.append(
      Diagnostic(
        "unknown-host", "there is no host '\(name.excerpt)'", at: range, expected: "a name of hosts:",
        hint: suggestion(for: name, known)))
  }

  /// A device is on one host: two VMs cannot have it, and one without a host could be on any.
  private mutating func checkPorts(of machines: [DecodedMachine]) {
    var places: [String: [String?: SourceRange]] = [:]
    for machine in machines {
      let host = machine.host?.value
      for port in machine.interfaces.compactMap(\.port) {
        let taken = places[port.value] ?? [:]
        if let first = taken[host] ?? taken[nil] ?? (host == nil ? taken.values.min() : nil) {
          diagnostics.append(
            Diagnostic(
              "duplicate-port", "port '\(port.value)' is given to two NICs of one host", at: port.range,
              hint: host == nil ? "say on which host each VM is, with host: NAME" : nil,
              notes: [Diagnostic.Note("the first one", at: first)]))
        }
        places[port.value, default: [:]][host] = port.range
      }
    }
  }

  // MARK: References

  private mutating func checkReferences(_ filters: [DecodedFilter], _ groups: [DecodedGroup]) {
    guard isComplete else { return }
    let known = Set(filters.map(\.filter.filter.name)).union(FilterName.stock)
    let references = filters.flatMap(\.references) + groups.compactMap(\.filter)
    for reference in references where !known.contains(reference.value) && FilterName.isValid(reference.value) {
      diagnostics.append(
        Diagnostic(
          "unknown-filter", "there is no filter '\(reference.value)'", at: reference.range,
          expected: "a filter of this repository, or one that libvirt installs itself",
          hint: suggestion(for: reference.value, known)))
    }
  }

  private mutating func suggestion(for word: String, _ known: Set<String>) -> String? {
    guard suggestionsLeft > 0 else { return nil }
    suggestionsLeft -= 1
    return Suggestion.hint(for: word, in: known.sorted())
  }

  /// One cycle after another, until none is left or so many were found that the pattern is clear.
  private mutating func checkCycles(_ filters: [DecodedFilter]) {
    let byName = Dictionary(filters.map { ($0.filter.filter.name, $0) }) { first, _ in first }
    var rest = byName.mapValues(\.filter.filter)
    for _ in 0..<20 {
      guard let cycle = ReferenceGraph(rest.values).cycle(), cycle.count > 1 else { return }
      let place = byName[cycle[0]]?.references.first { $0.value == cycle[1] }?.range
      diagnostics.append(
        Diagnostic(
          "reference-loop", "filters include each other in a loop: \(cycle.joined(separator: " → "))", at: place,
          hint: "remove one of the references"))
      for name in cycle { rest[name] = nil }
    }
  }
}
