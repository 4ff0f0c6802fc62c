// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
import FilterModel
public import Planning

/// A plan on file: the policy and the host as they were. The plan itself follows from these two.
public struct SavedPlan: Codable, Sendable {
  /// The version of this format.
  public static let format = 1

  var format: Int
  var desired: DesiredDocument
  var observed: SnapshotDocument
  var commit: String?
  var digest: String
  /// Rules that were past their last day; absent where there were none.
  var expired: [String]?
  var takesOver: Bool

  /// - Parameter takenAt: seconds since 1970.
  public init(_ request: PlanRequest, takenAt: Int) {
    format = Self.format
    desired = DesiredDocument(request.desired)
    observed = SnapshotDocument(request.observed, takenAt: takenAt)
    commit = request.marker.commit
    digest = request.marker.digest
    expired = request.marker.expired.isEmpty ? nil : request.marker.expired.sorted()
    takesOver = request.takesOver
  }

  /// The URI of the host that it was made for.
  public var uri: String { observed.uri }
  public var host: String { observed.host }

  /// The request that the plan followed from.
  public func request() throws(HostError) -> PlanRequest {
    guard format == Self.format else {
      throw HostError(.file, "the plan has format \(format), this nwfleet reads \(Self.format)", hint: "plan again")
    }
    let desired = try desired.desired()
    return PlanRequest(
      desired: desired, observed: try observed.observed(),
      marker: Marker(
        repositoryID: desired.repositoryID, commit: commit, digest: digest, expired: Set(expired ?? [])),
      takesOver: takesOver)
  }

  /// What on the host is otherwise than the plan saw; empty while the plan still holds.
  ///
  /// Everything that libvirt tells counts, except which parameters it added to bindings itself.
  public static func differences(from old: ObservedHost, to new: ObservedHost) -> [Diagnostic.Note] {
    compare("filter", old.filters, new.filters, key: \.name) { $0.uuid == $1.uuid && $0.xml == $1.xml }
      + compare("VM", old.machines, new.machines, key: \.name) { $0 == $1 }
      + compare("binding of", old.bindings, new.bindings, key: \.device) { $0 == $1 }
      + (old.enforcement == new.enforcement
        ? [] : [Diagnostic.Note("the kernel's bridge-nf-call sysctls have changed")])
  }

  private static func compare<Item>(
    _ what: String, _ old: [Item], _ new: [Item], key: (Item) -> String, same: (Item, Item) -> Bool
  ) -> [Diagnostic.Note] {
    let before = Dictionary(old.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(new.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    return Set(before.keys).union(now.keys).sorted().compactMap { name in
      switch (before[name], now[name]) {
      case (let then?, let today?): same(then, today) ? nil : Diagnostic.Note("\(what) \(name) has changed")
      case (nil, _): Diagnostic.Note("\(what) \(name) is new")
      case (_, nil): Diagnostic.Note("\(what) \(name) is gone")
      }
    }
  }
}
