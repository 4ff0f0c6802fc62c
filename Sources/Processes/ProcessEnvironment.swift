// SPDX-License-Identifier: Apache-2.0

internal import Subprocess

/// The environment variables of a program.
public struct ProcessEnvironment: Sendable, Hashable {
  let inherits: Bool
  let values: [String: String]

  /// Those of this process.
  public static let inherited = ProcessEnvironment(inherits: true, values: [:])

  /// Those of this process, with some set or replaced.
  public static func inheriting(_ values: [String: String]) -> ProcessEnvironment {
    ProcessEnvironment(inherits: true, values: values)
  }

  /// These and no others.
  public static func exactly(_ values: [String: String]) -> ProcessEnvironment {
    ProcessEnvironment(inherits: false, values: values)
  }

  var subprocessValue: Environment {
    let keyed = Dictionary(uniqueKeysWithValues: values.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
    return inherits ? .inherit.updating(keyed) : .custom(keyed)
  }
}
