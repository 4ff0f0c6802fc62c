// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketAgreement
import Testing

extension EndToEnd {
  /// What PacketPath says of packets beside what the kernel does with them, for random filters in a real libvirtd:
  /// `make fuzz-packets` does the same with other seeds, and more of them.
  @Suite struct AgreementTests {
    @Test func `The kernel does with 2,000 packets what PacketPath says`() async throws {
      let report = try await Campaign(seed: 20_261_122, pairs: 2000).run()
      for disagreement in report.disagreements { print(disagreement) }
      print(report.text)
      fflush(nil)
      #expect(report.disagreementCount == 0)
      #expect(report.compared >= 2000)
      // Filters that let everything through, or nothing, would say little.
      #expect(report.passed > report.compared / 4 && report.passed < report.compared * 3 / 4)
    }
  }
}
