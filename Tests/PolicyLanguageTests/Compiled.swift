// SPDX-License-Identifier: Apache-2.0

import Compiler
import FilterModel
import PolicyLanguage

extension LoadResult {
  /// What the repository comes to on all hosts, with the VMs that it knows; nil where anything is wrong.
  var desired: DesiredState? {
    guard let policy, let day = Day("2026-11-22") else { return nil }
    return PolicyCompiler(policy, host: nil, today: day).compile([]).desired
  }
}
