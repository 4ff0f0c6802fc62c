// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Libvirt

@Suite struct ErrorTests {
  struct Case: Sendable {
    let number: Int32
    let domain: Int32
    var alive = true
    var call = "virNWFilterDefineXML"
    let code: LibvirtError.Code
  }

  /// Numbers and domains as libvirt 9.0 sends them.
  @Test(arguments: [
    Case(number: 62, domain: 33, code: .noSuchFilter),
    Case(number: 55, domain: 33, code: .filterInUse),
    Case(number: 55, domain: 10, code: .operationInvalid),
    Case(number: 9, domain: 33, code: .operationFailed),
    Case(number: 9, domain: 10, code: .operationFailed),
    Case(number: 1, domain: 33, code: .hostState),
    Case(number: 1, domain: 59, code: .hostState),
    Case(number: 1, domain: 10, code: .other),
    Case(number: 1, domain: 7, code: .outcomeUnknown),
    Case(number: 38, domain: 7, alive: false, code: .outcomeUnknown),
    Case(number: 38, domain: 0, code: .storageFailed),
    Case(number: 38, domain: 0, call: "virNWFilterUndefine", code: .storageFailed),
    Case(number: 38, domain: 0, call: "virDomainUpdateDeviceFlags", code: .other),
    Case(number: 38, domain: 33, call: "virNWFilterBindingCreateXML", code: .other),
    Case(number: 38, domain: 7, alive: false, call: "virNWFilterBindingCreateXML", code: .outcomeUnknown),
    Case(number: 39, domain: 7, code: .messageTooLarge),
    Case(number: 39, domain: 7, alive: false, code: .outcomeUnknown),
    Case(number: 29, domain: 33, code: .readOnly),
    Case(number: 88, domain: 33, code: .accessDenied),
    Case(number: 27, domain: 33, code: .invalidXML),
    Case(number: 35, domain: 33, code: .invalidXML),
    Case(number: 92, domain: 5, code: .invalidXML),
    Case(number: 3, domain: 0, code: .unsupported),
    Case(number: 101, domain: 33, code: .noSuchBinding),
    Case(number: 42, domain: 10, code: .noSuchDomain),
  ])
  func classification(_ example: Case) {
    #expect(
      LibvirtError.classify(
        number: example.number, domain: example.domain, connectionAlive: example.alive, call: example.call)
        == example.code)
  }

  @Test func openingClassification() {
    #expect(LibvirtError.classifyOpening(number: 38, systemError: ENOENT) == .unreachable)
    #expect(LibvirtError.classifyOpening(number: 38, systemError: EACCES) == .accessDenied)
    #expect(LibvirtError.classifyOpening(number: 45, systemError: nil) == .authenticationFailed)
    #expect(LibvirtError.classifyOpening(number: 5, systemError: nil) == .unsupported)
    #expect(LibvirtError.classifyOpening(number: 1, systemError: nil) == .unreachable)
  }

  @Test func versions() {
    #expect(Version(number: 9_000_000) == Version(major: 9, minor: 0))
    #expect(Version(number: 11_003_002).description == "11.3.2")
    #expect(Version(major: 9, minor: 10) < Version(major: 11, minor: 3))
  }

  @Test func description() {
    let error = LibvirtError(code: .noSuchFilter, message: "not found", call: "virNWFilterLookupByName", subject: "a")
    #expect(error.description == "virNWFilterLookupByName (a): not found")
  }
}
