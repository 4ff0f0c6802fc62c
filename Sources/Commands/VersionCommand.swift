// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reconcile

struct VersionCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version of nwfleet and of libvirt's client library.")

  struct Document: Encodable {
    var nwfleet: String
    var libvirt: String
  }

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    let document = Document(nwfleet: nwfleetVersion, libvirt: LibvirtHost.clientVersion)
    if output.isJSON {
      output.result(document)
    } else {
      output.result("nwfleet \(document.nwfleet)\nlibvirt client library \(document.libvirt)\n")
    }
    return .done
  }
}
