// SPDX-License-Identifier: Apache-2.0

import Foundation
import Sandbox
import Testing

extension EndToEnd {
  /// What is not the project's is never touched; what is goes only when it may.
  @Suite struct OwnershipTests {
    private static let bare = SandboxOptions(virtualMachines: 0, stockFilters: false)
    private static let drop = "rules: [{action: drop, direction: in, priority: 500, mac: {}}]"
    private static let uuid = "11111111-2222-4333-8444-555555555555"

    private static func hand(_ name: String, _ content: String = "<rule action='accept' direction='in'><arp/></rule>")
      -> String
    {
      "<filter name='\(name)' chain='root'><uuid>\(uuid)</uuid>\(content)</filter>"
    }

    @Test func foreignFiltersStayAsTheyAre() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        try await host.define(Self.hand("by-hand"))
        // A name as nwfleet would give it proves nothing.
        try await host.define("<filter name='acme.web' chain='root'/>")
        let before = try await host.allFilters()
        #expect(before.count > 20)
        let repository = try host.repository(files: ["a.yaml": "filters: {web: {\(Self.drop)}, db: {\(Self.drop)}}"])
        try await repository.apply()
        #expect(try await host.allFilters().count == before.count + 3)
        try repository.write("policies/a.yaml", "filters: {web: {\(Self.drop)}}")
        let pruned = try await repository.apply()
        pruned.says("- filter db", "1 to delete")
        var left = try await host.allFilters()
        #expect(left["web"] != nil && left["db"] == nil)
        try await repository.run("destroy", "--auto-approve").expect(0)
        left = try await host.allFilters()
        #expect(left == before)
        try await repository.run("destroy", "--auto-approve").expect(0)
        #expect(try await host.allFilters() == before)
      }
    }

    @Test func aTakenNameIsAnErrorThatSaysWhose() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        try await host.define(Self.hand("by-hand"))
        let other = try host.repository(
          "other", project: "umbrella", files: ["a.yaml": "filters: {theirs: {\(Self.drop)}}"])
        try await other.apply()
        let before = try await host.allFilters()
        let repository = try host.repository(files: [
          "a.yaml": """
          filters:
            by-hand: {\(Self.drop)}
            theirs: {\(Self.drop)}
            clean-traffic: {\(Self.drop)}
            fine: {\(Self.drop)}
          """
        ])
        let refused = try await repository.apply(expecting: 1)
        refused.says(
          "policies/a.yaml:2:3: error: h1 already has a filter by-hand with UUID \(Self.uuid): nwfleet did not make it",
          "'nwfleet adopt by-hand'", "a filter theirs with UUID", "belongs to the nwfleet project umbrella",
          "a filter clean-traffic with UUID", "it is one of libvirt's own", "2 |   by-hand:")
        #expect(try await host.allFilters() == before)
        try await repository.run("plan").expect(1).says("name-taken")
      }
    }

    @Test func anAdoptedFilterKeepsItsUUIDAndStays() async throws {
      try await withHost(Self.bare) { host in
        try await host.define(Self.hand("by-hand"))
        try await host.define(
          "<filter name='new' chain='root'><rule action='drop' direction='in'><mac/></rule></filter>")
        let repository = try host.repository(files: [
          "a.yaml": "filters:\n  by-hand:\n    rules:\n      - {action: drop, direction: in, priority: 500, mac: {}}\n"
        ])
        try await repository.apply(expecting: 1).says("name-taken")
        // One that the policy has, and one that it does not.
        try await repository.run("adopt", "by-hand", "new").expect(0)
        try await repository.run("plan", "--detailed-exitcode").expect(2).says("~ filter by-hand", "0 to create")
        try await repository.apply()
        let adopted = try await host.virsh("nwfilter-dumpxml", "by-hand")
        #expect(adopted.contains("<uuid>\(Self.uuid)</uuid>") && adopted.contains("action='drop'"))
        try await repository.expectInSync()
        // It is left where it is, changed as it was, by a policy without it and by destroy.
        try repository.write("policies/a.yaml", "filters: {other: {\(Self.drop)}}")
        try repository.remove("policies/adopted-new.yaml")
        try await repository.apply()
        #expect(try await host.virsh("nwfilter-dumpxml", "by-hand") == adopted)
        try await repository.run("destroy", "--auto-approve").expect(0)
        #expect(try await Set(host.filters().keys) == ["by-hand", "new"])
        // libvirt's own are never adopted.
        try await repository.run("adopt", "clean-traffic").expect(1).says("libvirt's own")
      }
    }

    @Test func importOfAHostChangesNothing() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1)) { host in
        try await host.define(Self.hand("by-hand", "<filterref filter='no-mac-spoofing'/>"))
        let domain = try await host.virsh("dumpxml", "q1")
        let start = try #require(domain.range(of: "<interface "))
        let end = try #require(domain.range(of: "</interface>"))
        let interface = "\(domain[start.lowerBound..<end.lowerBound])<filterref filter='by-hand'/></interface>"
        try await host.virsh("update-device", "q1", "/dev/stdin", "--live", "--config", input: interface)
        let before = try await host.allFilters()
        let repository = try host.repository()
        try await repository.run("import", "--host", "h1", "--write").expect(0)
        try await repository.expectInSync()
        try await repository.apply()
        var after = try await host.allFilters()
        #expect(after.removeValue(forKey: "acme.host.marker") != nil, "\(after.keys.sorted())")
        #expect(after == before)
      }
    }

    @Test func anEmptyPolicyDeletesNothingUnasked() async throws {
      try await withHost(Self.bare) { host in
        let repository = try host.repository(files: ["a.yaml": "filters: {web: {\(Self.drop)}}"])
        try await repository.apply()
        let before = try await host.filters()
        try repository.remove("policies/a.yaml")
        try await repository.apply(expecting: 1).says("the policy is empty", "nwfleet destroy")
        #expect(try await host.filters() == before)
        try await repository.apply("--max-destroy", "5")
        #expect(try await host.filters().isEmpty)
      }
    }

    @Test func deletionsHaveALimit() async throws {
      try await withHost(Self.bare) { host in
        let names = (1...6).map { "f\($0)" }
        func policy(_ names: [String]) -> String {
          "filters:\n" + names.map { "  \($0): {\(Self.drop)}\n" }.joined()
        }
        let repository = try host.repository(files: ["a.yaml": policy(names)])
        try await repository.apply()
        try repository.write("policies/a.yaml", policy(["f1", "new"]))
        try await repository.apply(expecting: 1).says("deletes 5 of 6 filters", "--max-destroy 5")
        #expect(try await host.filters()["new"] == nil)
        try await repository.apply("--max-destroy", "5")
        #expect(try await Set(host.filters().keys.filter { !$0.contains(".") }) == ["f1", "new"])
      }
    }

    @Test func anotherRepositoryIsRefused() async throws {
      try await withHost(Self.bare) { host in
        let repository = try host.repository(files: ["a.yaml": "filters: {web: {\(Self.drop)}}"])
        try await repository.apply()
        let before = try await host.filters()
        let copy = try host.repository("copy", id: "ffff0000", files: ["a.yaml": "filters: {db: {\(Self.drop)}}"])
        try await copy.apply(expecting: 1).says("other-repository", "6f1c0d2e", "--take-over")
        try await copy.run("destroy", "--auto-approve").expect(1).says("other-repository")
        #expect(try await host.filters() == before)
        try await copy.apply("--take-over")
        #expect(try await Set(host.filters().keys.filter { !$0.contains(".") }) == ["db"])
        try await repository.apply(expecting: 1).says("other-repository", "ffff0000")
      }
    }

    @Test func aStalePlanIsRefused() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(
          machines: TestRepository.ports, files: ["a.yaml": "filters: {web: {\(Self.drop)}}"])
        try await repository.run("plan", "--out", "saved.json").expect(0)
        try await host.define(Self.hand("by-hand"))
        let refused = try await host.nwfleet("apply", "saved.json", "--auto-approve").expect(1)
        refused.says("stale-plan", "filter by-hand is new", "plan again")
        #expect(try await Set(host.filters().keys) == ["by-hand"])
        try await host.virsh("nwfilter-undefine", "by-hand")
        // As it was again: the plan holds, even if the policy has changed since.
        try repository.write("policies/a.yaml", "filters: {db: {\(Self.drop)}}")
        try await host.nwfleet("apply", "saved.json", "--auto-approve").expect(0)
        #expect(try await host.filters()["web"] != nil)
        try await host.nwfleet("apply", "saved.json", "--auto-approve").expect(1).says(
          "stale-plan", "filter web is new")
      }
    }

    @Test func aFilterThatSomethingUsesStays() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 2, stockFilters: false)) { host in
        func own() async throws -> Set<String> { try await Set(host.filters().keys.filter { !$0.contains("acme") }) }
        let names = ["base", "off", "on", "free"].map { "\($0): {\(Self.drop)}" }.joined(separator: ", ")
        let repository = try host.repository(files: [
          "a.yaml": "filters: {\(names), top: {rules: [{filterref: base}]}}"
        ])
        try await repository.apply()
        // Somebody else's filter refers to one, and a VM that is off to another of theirs; libvirt would let both go.
        try await host.define(Self.hand("foreign", "<filterref filter='top'/>"))
        try await host.define("<filter name='theirs' chain='root'><filterref filter='off'/></filter>")
        try await host.virsh("destroy", "q1")
        try await host.store("theirs", in: "q1")
        try repository.write("policies/a.yaml", "filters: {new: {\(Self.drop)}}")
        let kept = try await repository.apply("--max-destroy", "9")
        kept.says("still-in-use", "filter top is no longer in the policy but stays on h1: filter foreign uses it")
        kept.says("- filter free", "- filter on", "filter off is no longer in the policy but stays")
        #expect(try await own() == ["base", "top", "off", "foreign", "theirs", "new"])
        try await host.virsh("start", "q1", "--paused")
        // They go once nothing uses them.
        try await host.virsh("nwfilter-undefine", "foreign")
        try await repository.apply()
        #expect(try await own() == ["off", "theirs", "new"])
      }
    }

    /// Somebody has put a filter of the project on a VM that is in no group: it goes, but not unasked.
    @Test func aVMIsNotOpenedUnasked() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1, stockFilters: false)) { host in
        let repository = try host.repository(files: ["a.yaml": "filters: {web: {\(Self.drop)}, db: {\(Self.drop)}}"])
        try await repository.apply()
        try await host.virsh("destroy", "q1")
        try await host.store("web", in: "q1")
        try repository.write("policies/a.yaml", "filters: {db: {\(Self.drop)}}")
        try await repository.apply(expecting: 1).says("UNPROTECTED: q1", "--allow-unprotected 1")
        #expect(try await host.filters()["web"] != nil)
        try await repository.apply("--allow-unprotected", "1")
        #expect(try await host.filters()["web"] == nil)
        #expect(try await !host.virsh("dumpxml", "q1", "--inactive").contains("filterref"))
      }
    }
  }
}

extension TestHost {
  /// Gives the interface of a VM that is off a filter, as somebody with virsh would.
  fileprivate func store(_ filter: String, in machine: String) async throws {
    let domain = try await virsh("dumpxml", machine, "--inactive")
    try await virsh(
      "define", "/dev/stdin",
      input: domain.replacingOccurrences(of: "</interface>", with: "<filterref filter='\(filter)'/></interface>"))
  }
}
