// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
public import FilterModel
public import PacketPath

/// The filters that NICs refer to, and where each rule of them comes from.
public struct FilterLibrary: Sendable {
  private let filters: [String: Filter]
  private let written: [String: DesiredFilter]
  private let isHost: Bool

  /// What a repository wants.
  ///
  /// - Parameter stock: the filters that libvirt installs itself; those of the repository go before them.
  public init(_ desired: [DesiredFilter], stock: [DesiredFilter]) {
    var written: [String: DesiredFilter] = [:]
    for filter in stock + desired { written[filter.filter.name] = filter }
    self.written = written
    filters = written.mapValues(\.filter)
    isHost = false
  }

  /// What a host has.
  ///
  /// - Parameters:
  ///   - desired: what the repository wants there: where the host has the same, its rules are those of the repository.
  ///   - stock: the filters that libvirt installs itself.
  public init(host: [Filter], desired: [DesiredFilter], stock: [DesiredFilter]) {
    filters = Dictionary(host.map { ($0.name, $0) }) { first, _ in first }
    var written: [String: DesiredFilter] = [:]
    for filter in stock + desired where filters[filter.filter.name]?.entries == filter.filter.entries {
      written[filter.filter.name] = filter
    }
    self.written = written
    isHost = true
  }

  /// What the kernel of a host makes of a NIC's filter; nil for a NIC without one.
  ///
  /// - Throws: why libvirt could not put the filter on the NIC.
  public func program(of nic: FilteredNIC) throws(DiagnosticError) -> KernelProgram? {
    guard let reference = nic.reference else { return nil }
    do throws(KernelProgramError) {
      return try KernelProgram(reference, mac: nic.nic.mac, addresses: nic.nic.addresses, filters: filters)
    } catch {
      throw DiagnosticError(diagnostic(error, nic))
    }
  }

  /// The rules of the policy that a rule of the kernel comes from; of a native filter, its own place.
  public func sources(of origin: Origin) -> [RuleSource] {
    guard let filter = written[origin.filter] else { return [] }
    if origin.entry < filter.entrySources.count, !filter.entrySources[origin.entry].isEmpty {
      return filter.entrySources[origin.entry]
    }
    guard origin.entry < filter.entryOrigins.count else { return [] }
    // Generated filters are nobody's text, and libvirt's own are in no file of the repository.
    let range = filter.entrySources.isEmpty ? filter.entryOrigins[origin.entry] : nil
    return [RuleSource(id: origin.filter, range: range)]
  }

  /// The rule of a filter that a rule of the kernel comes from.
  public func entry(of origin: Origin) -> Filter.Entry? {
    guard let entries = filters[origin.filter]?.entries, origin.entry < entries.count else { return nil }
    return entries[origin.entry]
  }

  private func diagnostic(_ error: KernelProgramError, _ nic: FilteredNIC) -> Diagnostic {
    let place = written[error.filter].flatMap { filter in
      error.entry.flatMap { $0 < filter.entryOrigins.count ? filter.entryOrigins[$0] : nil } ?? filter.origin
    }
    let hint: String? =
      switch error.code {
      case .missingFilter where !isHost: "a filter that only a host has can be looked at there, with trace --live"
      case .missingVariable: "give the group a value for it, under parameters:"
      case .chainOrder: "give the chains priorities of their own"
      default: nil
      }
    return Diagnostic(
      "cannot-evaluate", "libvirt could not put '\(nic.reference?.filter ?? "")' on a NIC: \(error)", at: place,
      hint: hint)
  }
}
