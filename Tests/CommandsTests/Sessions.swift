// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning
import Reconcile

@testable import Commands

extension PlanSession {
  /// A session with wishes that nobody compiled.
  init(host: any Host, desired: DesiredState) async throws {
    let marker = Marker(
      repositoryID: desired.repositoryID, commit: nil, digest: DesiredDocument.digest(of: desired))
    self.init(host: host, request: PlanRequest(desired: desired, observed: try await host.observe(), marker: marker))
  }
}
