// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// Everything that a plan follows from.
public struct PlanRequest: Sendable, Hashable {
  public var desired: DesiredState
  public var observed: ObservedHost
  public var marker: Marker
  /// Whether the host's marker of another repository is no obstacle.
  public var takesOver: Bool

  public init(desired: DesiredState, observed: ObservedHost, marker: Marker, takesOver: Bool = false) {
    self.desired = desired
    self.observed = observed
    self.marker = marker
    self.takesOver = takesOver
  }

  /// What nwfleet would have on the host if it had nothing: the way to take everything of a project away.
  public static func removal(of identity: Identity, repositoryID: String, from observed: ObservedHost) -> PlanRequest {
    PlanRequest(
      desired: DesiredState(identity: identity, repositoryID: repositoryID), observed: observed,
      marker: Marker(repositoryID: repositoryID, commit: nil, digest: ""))
  }
}

/// How much a run may take away.
public struct Limits: Sendable, Hashable {
  /// Filters that may be deleted; nil for the default: a tenth of the project's filters on the host, three at least.
  public var mostDestroyed: Int?
  /// Interfaces that may lose their last filter.
  public var mostUnprotected: Int

  public init(mostDestroyed: Int? = nil, mostUnprotected: Int = 0) {
    self.mostDestroyed = mostDestroyed
    self.mostUnprotected = mostUnprotected
  }

  /// No limits: for a command whose purpose is to take away, and which has said what.
  public static let none = Limits(mostDestroyed: .max, mostUnprotected: .max)
}
