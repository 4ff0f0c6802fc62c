// SPDX-License-Identifier: Apache-2.0

/// How long a host took to answer for all its filters.
public struct ReadReport: Sendable, Hashable {
  /// Filters that were read.
  public var filters: Int
  /// The calls alone; what is made of the answers comes after.
  public var duration: Duration
}
