// SPDX-License-Identifier: Apache-2.0

/// A value and where it is written.
public struct Located<Value: Sendable & Hashable>: Sendable, Hashable {
  public var value: Value
  public var range: SourceRange

  public init(value: Value, range: SourceRange) {
    self.value = value
    self.range = range
  }
}
