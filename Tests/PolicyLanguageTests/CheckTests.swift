// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Foundation
import GoldenSupport
import PolicyLanguage
import Presets
import Testing

/// What checks find in policies, through the whole way from YAML.
@Suite struct CheckTests {
  private static let today = Day(year: 2027, month: 1, day: 1)!
  private static let project = "project: acme\nid: 6f1c0d2e\nhosts:\n  kvm1: {uri: \"sandbox:///1\"}\n"
  private static let codes = Set(PolicyChecks.descriptions.map(\.code))

  private struct Checked {
    var diagnostics: [Diagnostic]
    var sources: PolicySources

    var codes: [String] { diagnostics.map(\.code.rawValue) }
    var text: String { DiagnosticRenderer { [sources] in sources.line($1, of: $0) }.render(diagnostics) }
  }

  private func check(_ policy: String) -> Checked {
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: Self.project),
      PolicyFile(path: "policies/example.yaml", text: policy.hasSuffix("\n") ? policy : policy + "\n"),
    ])
    let compiled = loaded.policy.map { PolicyCompiler($0, host: nil, today: Self.today).compile([]).diagnostics }
    return Checked(diagnostics: loaded.diagnostics + (compiled ?? []), sources: loaded.sources)
  }

  // MARK: The documentation

  @Test(arguments: PolicyChecks.descriptions)
  func theExampleShowsTheCheck(_ check: CheckDescription) {
    let wrong = self.check(check.example.wrong)
    #expect(wrong.codes == [check.code.rawValue], "\(wrong.text)")
    #expect(wrong.diagnostics.allSatisfy { $0.severity == check.severity })
    let right = self.check(check.example.right)
    #expect(right.codes == [], "\(right.text)")
  }

  @Test(arguments: PolicyChecks.descriptions)
  func theExampleIsFormatted(_ check: CheckDescription) {
    for text in [check.example.wrong, check.example.right] {
      #expect(Formatter.format(text + "\n", file: "policies/example.yaml").text == text + "\n")
    }
  }

  @Test func eachCodeIsThereOnce() { #expect(Self.codes.count == PolicyChecks.descriptions.count) }

  @Test func thePageIsWhatTheChecksSay() {
    expectGolden(CheckReference.markdown(), GoldenFiles.root.appendingPathComponent("docs/reference/checks.md").path)
  }

  // MARK: Findings

  /// `Golden/checks/NAME/policy.yaml`, and what is found in it.
  @Test(arguments: GoldenFiles.names(in: "checks"))
  func isFound(name: String) throws {
    let folder = GoldenFiles.folder.appendingPathComponent("checks/\(name)")
    let policy = try String(contentsOf: folder.appendingPathComponent("policy.yaml"), encoding: .utf8)
    let checked = check(policy)
    #expect(!checked.diagnostics.contains { $0.severity == .error })
    expectGolden(checked.text, folder.appendingPathComponent("expected.txt").path)
  }

  @Test func thereAreManyOfThem() { #expect(GoldenFiles.names(in: "checks").count >= 14) }

  // MARK: Nothing to find

  private static let network = """
    networks:
      lan: {subnets: 10.0.0.0/24, gateway: 10.0.0.1, dns: 10.0.0.1, host: 10.0.0.1}
    vms:
      example-1: {addresses: 10.0.0.11, network: lan, labels: {role: example}}

    """

  /// Values of the parameters for which presets have none.
  private static let required = "{OFFICE: 192.0.2.0/24, CLIENTS: 10.0.0.0/24}"

  @Test(arguments: ShippedPresets.files.keys.sorted())
  func presetsRaiseNoAlarm(_ preset: String) {
    let needs = String(decoding: ShippedPresets.files[preset] ?? [], as: UTF8.self)
    var parameters = ""
    if needs.contains("$OFFICE") || preset == "database" || preset == "windows-dc" {
      parameters = "\n    parameters: \(Self.required)"
    }
    let group = "groups:\n  example:\n    vms: {label: {role: example}}\n    use: \(preset)\(parameters)\n"
    let checked = check(Self.network + group)
    #expect(checked.codes.filter { Self.codes.contains(Diagnostic.Code(rawValue: $0)) } == [], "\(checked.text)")
  }

  /// A group takes a preset and says something of its own first.
  @Test func whatAGroupSaysBeforeItsPresetsIsNotHeldAgainstThem() {
    let checked = check(
      """
      presets:
        wide:
          in:
            - allow https
            - allow icmp/echo-request
      groups:
        web:
          vms: {name: "web-*"}
          use: wide
          in:
            - drop icmp
      """)
    #expect(checked.codes == [], "\(checked.text)")
  }

  /// Networks have other addresses tomorrow.
  @Test func whatIsSaidOfTheNetworkIsNotRedundant() {
    let checked = check(
      Self.network + """
        groups:
          example:
            vms: {label: {role: example}}
            out:
              - allow dns to dns
              - drop any to network
              - drop any to 10.0.0.0/8
        """)
    #expect(checked.codes == [], "\(checked.text)")
  }

  @Test func aRuleThatOneMachineNeedsIsNotNamed() {
    let checked = check(
      """
      vms:
        web-1: {labels: {role: web, zone: dmz}}
        web-2: {labels: {role: web, zone: lan}}
      groups:
        no-telnet:
          vms: {label: {zone: dmz}}
          tier: security
          in:
            - drop telnet
        web:
          vms: {label: {role: web}}
          in:
            - allow telnet from 10.9.0.0/16
      """)
    #expect(checked.codes == [], "\(checked.text)")
  }

  @Test func anEmergencyIsNoContradiction() {
    let checked = check(
      """
      vms:
        web-1: {labels: {role: web}}
      groups:
        quarantine:
          vms: {name: web-1}
          tier: emergency
          in:
            - drop any
        web:
          vms: {label: {role: web}}
          in:
            - allow https
      """)
    #expect(checked.codes == [], "\(checked.text)")
  }

  @Test func aNewRepositoryIsQuiet() {
    #expect(check("groups: {}").codes == [])
    #expect(check("groups:\n  web:\n    vms: {name: \"web-*\"}\n    in:\n      - allow http, https\n").codes == [])
  }
}
