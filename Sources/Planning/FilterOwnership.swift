// SPDX-License-Identifier: Apache-2.0

import FilterModel

extension Sequence<ObservedFilter> {
  /// The project whose marker is among the filters of a host, and whose UUID a filter has; nil if there is none.
  public func project(owning filter: ObservedFilter) -> String? {
    for candidate in self {
      guard let project = candidate.name.split(separator: ".").first.map(String.init) else { continue }
      let identity = Identity(project: project)
      if candidate.name == identity.markerName, identity.owns(filter: filter.name, uuid: filter.uuid) { return project }
    }
    return nil
  }
}
