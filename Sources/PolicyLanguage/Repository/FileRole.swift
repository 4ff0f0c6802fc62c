// SPDX-License-Identifier: Apache-2.0

/// What a file of a repository is for, which decides what may stand in it.
enum FileRole: Sendable, Hashable {
  /// `nwfleet.yaml`.
  case project
  /// `policies/**/*.yaml`.
  case policy
  /// `tests/**/*.yaml`.
  case tests
  /// Committed facts that `include:` names.
  case facts
  /// `addresses.lock.yaml`.
  case lock
  /// `environments/NAME.yaml`.
  case environment
  /// A preset that is part of nwfleet.
  case shipped

  /// The sections that a file may have.
  var sections: [FileDecoder.Section] {
    switch self {
    case .project: FileDecoder.Section.allCases
    case .policy: FileDecoder.Section.allCases.filter { ![.project, .id, .include].contains($0) }
    case .tests: [.tests, .never]
    case .facts: [.vms, .networks, .sets]
    case .lock: [.vms, .networks]
    case .environment: [.sets, .services, .groups]
    case .shipped: [.presets]
    }
  }

  /// Which files it speaks of, for messages.
  var name: String {
    switch self {
    case .project: PolicyRepository.fileName
    case .policy: "a file of \(PolicyRepository.policyFolder)/"
    case .tests: "a file of \(PolicyRepository.testFolder)/"
    case .facts: "an included file"
    case .lock: AddressLockFile.name
    case .environment: "an environment"
    case .shipped: "a preset's file"
    }
  }

  /// By its path; included files are those that fit nowhere else.
  init(path: String, included: Set<String>) {
    if path == PolicyRepository.fileName {
      self = .project
    } else if path == AddressLockFile.name {
      self = .lock
    } else if EnvironmentFile.name(of: path) != nil {
      self = .environment
    } else if path.hasPrefix(PolicyRepository.testFolder + "/"), !included.contains(path) {
      self = .tests
    } else {
      self = included.contains(path) ? .facts : .policy
    }
  }
}

/// Files of `environments/`.
enum EnvironmentFile {
  static let nameExpectation = "lower-case letters, digits and hyphens, a letter first, at most 41 characters"

  /// The name of the environment that a file is; nil for other files.
  static func name(of path: String) -> String? {
    let folder = PolicyRepository.environmentFolder + "/"
    guard path.hasPrefix(folder) else { return nil }
    let file = path.dropFirst(folder.utf8.count)
    guard !file.contains("/") else { return nil }
    return [".yaml", ".yml"].first { file.hasSuffix($0) }.map { String(file.dropLast($0.utf8.count)) }
  }
}
