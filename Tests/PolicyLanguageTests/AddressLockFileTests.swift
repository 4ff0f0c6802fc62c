// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import GoldenSupport
import Testing

@testable import PolicyLanguage

@Suite struct AddressLockFileTests {
  static func address(_ text: String) throws -> AddressLock.Address { try #require(AddressLock.Address(text)) }

  private static func lock() throws -> AddressLock {
    let router = try address("192.168.122.1")
    let subnets = try ["192.168.122.0/24", "2001:db8::/64"].map { try #require(AddressLock.Subnet($0)) }
    let addresses = try ["2001:db8::11", "192.168.122.11", "192.168.122.9"].map(address)
    let own = try address("10.0.0.1")
    return AddressLock(
      machines: [
        "web-1": [
          try #require(MACAddress("52:54:00:aa:bb:02")): .init(network: "lan: two"),
          try #require(MACAddress("52:54:00:aa:bb:01")): .init(network: "default", addresses: Set(addresses)),
        ],
        "no": [try #require(MACAddress("52:54:00:aa:bb:03")): .init()],
      ],
      networks: [
        "quiet": .init(subnets: [try #require(AddressLock.Subnet("10.0.0.0/8"))], gateway: [own], host: [own]),
        "default": .init(subnets: [subnets[0]], gateway: [router], dns: [router], host: [router]),
        "long": .init(subnets: Set(subnets), gateway: [router], dns: [router], host: [router]),
      ])
  }

  @Test func text() throws {
    let lock = try Self.lock()
    let text = AddressLockFile.text(lock)
    expectGolden(
      text, GoldenFiles.root.appendingPathComponent("Tests/PolicyLanguageTests/Golden/lock/addresses.lock.yaml").path)
    #expect(try AddressLockFile.read(text) == lock)
    #expect(Formatter.format(text, file: AddressLockFile.name).text == text)
  }

  @Test func empty() throws {
    #expect(try AddressLockFile.read("") == AddressLock())
    #expect(try AddressLockFile.read(AddressLockFile.text(AddressLock())) == AddressLock())
  }

  @Test(arguments: [
    ("vms: [", "yaml-unclosed"),
    ("vms: []", "wrong-kind"),
    ("hosts: {}", "misplaced-section"),
    ("vms: {a: {labels: {role: web}}}", "unknown-key"),
    ("vms: {a: {nics: {x: {}}}}", "bad-mac-address"),
    ("vms: {a/b: {nics: {}}}", "bad-vm-name"),
    ("vms: {a: {nics: {\"52:54:00:00:00:01\": {addresses: [10.0.0.256]}}}}", "bad-address"),
    ("vms: {a: {nics: {\"52:54:00:00:00:01\": {addresses: 10.0.0.1/24}}}}", "bad-address"),
    ("networks: {\"a*\": {}}", "bad-network-name"),
    ("networks: {a: {subnets: [10.0.0.1/24]}}", "host-bits"),
    ("vms: {a: {addresses: [10.0.0.1]}}", "unknown-key"),
    ("networks: {a: {router: [10.0.0.1]}}", "unknown-key"),
    ("vms: {a: {nics: {}}, a: {nics: {}}}", "duplicate-key"),
  ])
  func refused(text: String, code: String) throws {
    let error = #expect(throws: DiagnosticError.self) { try AddressLockFile.read(text) }
    #expect(error?.diagnostics.map(\.code.rawValue).contains(code) == true, "\(String(describing: error))")
    #expect(error?.diagnostics.allSatisfy { $0.range?.file == AddressLockFile.name } == true)
  }
}
