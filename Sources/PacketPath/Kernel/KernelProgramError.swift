// SPDX-License-Identifier: Apache-2.0

/// Why libvirt could not bind a filter to a port.
public struct KernelProgramError: Error, Sendable, Hashable {
  /// The kind of problem; open, so that new ones break no switch.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A filter is referred to that does not exist: `part` is its name.
    public static let missingFilter = Code(rawValue: "missing-filter")
    /// A filter refers to itself, directly or not.
    public static let loop = Code(rawValue: "filter-loop")
    /// `part` names all that the tree lacks, `NAME` or `NAME[2]`, with commas between. `IP` alone libvirt would learn.
    public static let missingVariable = Code(rawValue: "missing-variable")
    /// Lists that advance together have different lengths.
    public static let cardinality = Code(rawValue: "list-lengths")
    /// The value of a variable does not fit its attribute: `part` is `ATTRIBUTE=VALUE`.
    public static let badValue = Code(rawValue: "bad-value")
    /// A rule that libvirt keeps, and that it or the firewall tool refuses for a port.
    public static let cannotBind = Code(rawValue: "cannot-bind")
    /// Chains of one priority see the same frames, and libvirt decides anew in each run which is first: `part` names them.
    public static let chainOrder = Code(rawValue: "chain-order")
    /// More kernel rules than `KernelProgram.mostRules`.
    public static let tooManyRules = Code(rawValue: "too-many-kernel-rules")
  }

  public var code: Code
  /// The filter with the rule or reference at fault.
  public var filter: String
  /// Its place in the filter's `entries`; nil if the filter as a whole is meant.
  public var entry: Int?
  /// The input at fault.
  public var part: String
  public var message: String

  public init(_ code: Code, filter: String, entry: Int? = nil, part: String, message: String) {
    self.code = code
    self.filter = filter
    self.entry = entry
    self.part = part
    self.message = message
  }
}

extension KernelProgramError: CustomStringConvertible {
  public var description: String { "filter \(filter)\(entry.map { ", entry \($0 + 1)" } ?? ""): \(message)" }
}
