// SPDX-License-Identifier: Apache-2.0

import Compiler
public import FilterModel
import StockFiles

/// The filters that libvirt installs itself, as libvirt 9.0 has them: what tests take where a policy refers to them.
public enum StockFilters {
  /// By name.
  public static func filters() -> [DesiredFilter] {
    StockFilterFiles.files.sorted { $0.key < $1.key }.flatMap { name, bytes in
      FileDecoder.decode(SourceText(bytes), path: "<nwfleet>/policies/stock/\(name)", role: .policy).filters
        .map(\.filter)
    }
  }
}
