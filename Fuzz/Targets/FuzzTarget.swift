// SPDX-License-Identifier: Apache-2.0

/// A reader of text from outside, and what must hold whatever it is given.
///
/// The fuzzer looks for inputs that crash it or break a promise; the tests replay all that were kept in `Tests/Corpus`.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Policy repositories.
  case yaml
  /// The formatter of policy files.
  case format
  /// Filters as XML.
  case xml
  /// Domains, interfaces and bindings as XML.
  case domain

  /// Reads the input.
  ///
  /// - Throws: `BrokenPromise`; a crash is the other way to fail.
  public func run(_ input: [UInt8]) throws(BrokenPromise) {
    switch self {
    case .yaml: try fuzzRepository(input)
    case .format: try fuzzFormatter(input)
    case .xml: try fuzzFilterXML(input)
    case .domain: try fuzzDomainXML(input)
    }
  }
}

/// What should have held for an input and does not.
public struct BrokenPromise: Error, CustomStringConvertible {
  public var description: String
}

/// - Throws: unless the condition holds.
func promise(_ condition: Bool, _ description: @autoclosure () -> String) throws(BrokenPromise) {
  if !condition { throw BrokenPromise(description: description()) }
}
