// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning
import Testing

@Suite struct FilterPlanTests {
  @Test func createsLeavesFirst() {
    let policy = desired([wanted("a", [include("b")]), wanted("b", [include("c")]), wanted("c")])
    #expect(words(plan(policy, observed())) == ["create c", "create b", "create a"])
  }

  @Test func deletesParentsFirstAndLast() {
    let host = observed([present("a", [include("b")]), present("b")])
    #expect(words(plan(desired([wanted("new")]), host)) == ["create new", "delete a", "delete b"])
  }

  @Test func equalIsNoChange() {
    let result = plan(desired([wanted("a")]), observed([present("a")]))
    #expect(result.isEmpty)
    #expect(result.marker?.name == "acme.host.marker", "the marker is written but is no change")
  }

  @Test func changesKeepWhatWasThere() throws {
    let result = plan(desired([wanted("a", [rule(port: 80)])]), observed([present("a")]))
    guard case .filter(let change) = try #require(result.steps.first) else { return }
    #expect(change.kind == .change)
    #expect(change.before?.xml == "<filter name='a'/>")
    #expect(Step.filter(change).inverse.inverse == .filter(change))
  }

  @Test func foreignFiltersStay() {
    let host = observed([present("other", uuid: foreign), present("clean-traffic", uuid: foreign)])
    #expect(words(plan(desired([wanted("a")]), host)) == ["create a"])
  }

  @Test func takenNameIsAProblemThatSaysWhose() throws {
    let byHand = plan(desired([wanted("a")]), observed([present("a", uuid: foreign)]))
    #expect(codes(byHand.problems) == ["name-taken"])
    #expect(try #require(byHand.problems.first?.hint).contains("nwfleet adopt a"))
    let stock = plan(desired([wanted("clean-traffic")]), observed([present("clean-traffic", uuid: foreign)]))
    #expect(try #require(stock.problems.first?.message).contains("libvirt's own"))
    let other = Identity(project: "beta")
    let host = observed([
      present("a", uuid: other.uuid(ofFilter: "a")),
      present("beta.host.marker", uuid: other.uuid(ofFilter: "beta.host.marker")),
    ])
    #expect(try #require(plan(desired([wanted("a")]), host).problems.first?.message).contains("project beta"))
  }

  @Test func adoptionKeepsTheUUIDAndIsNeverPruned() throws {
    let host = observed([present("a", uuid: foreign)])
    let result = plan(desired([wanted("a", [rule(port: 1)], adopts: true)]), host)
    guard case .filter(let change) = try #require(result.steps.first) else { return }
    #expect(change.uuid == foreign && change.after?.filter?.uuid == foreign)
    #expect(plan(desired([wanted("b")]), applying(result.steps, to: host)).count(.delete) == 0)
  }

  @Test func takenUUIDIsAProblem() {
    let host = observed([present("renamed", uuid: identity.uuid(ofFilter: "a"))])
    #expect(codes(plan(desired([wanted("a")]), host).problems) == ["uuid-taken"])
  }

  @Test func missingIncludeIsAProblem() {
    #expect(codes(plan(desired([wanted("a", [include("clean-traffic")])]), observed()).problems) == ["missing-filter"])
  }

  @Test func usedFiltersAreKept() {
    let users: [ObservedHost] = [
      observed([present("old"), present("theirs", [include("old")], uuid: foreign)]),
      observed([present("old")], [machine("off", live: nil, config: FilterReference("middle"))]),
      observed(
        [present("old")], [],
        [
          ObservedBinding(
            device: "tap0", ownerName: "x", ownerUUID: foreign, mac: MACAddress(bits: 1),
            reference: FilterReference("old"))
        ]),
    ]
    for (index, host) in users.enumerated() {
      var host = host
      if index == 1 { host.filters.append(present("middle", [include("old")], uuid: foreign)) }
      let result = plan(desired([wanted("new")]), host)
      #expect(result.count(.delete) == 0, "case \(index)")
      #expect(codes(result.warnings).contains("still-in-use"), "case \(index)")
    }
  }

  @Test func unreadableForeignFilterStillCountsAsUser() {
    var theirs = present("theirs", uuid: foreign)
    theirs.filter = nil
    theirs.xml = "<filter name='theirs'><filterref filter='old'/></filter>"
    #expect(plan(desired([wanted("new")]), observed([present("old"), theirs])).count(.delete) == 0)
  }

  @Test func emptyPolicyDeletesNothingUnlessTold() {
    let result = plan(desired(), observed([present("a"), present("b")]))
    #expect(codes(result.findings(beyond: Limits())) == ["empty-policy"])
    #expect(result.findings(beyond: Limits(mostDestroyed: 2)).isEmpty)
  }

  @Test func deletionsAreBounded() {
    let host = observed((0..<5).map { present("f\($0)") })
    let result = plan(desired([wanted("f0")]), host)
    #expect(codes(result.findings(beyond: Limits())) == ["too-many-deletions"])
    #expect(result.findings(beyond: Limits(mostDestroyed: 4)).isEmpty)
  }

  @Test func otherRepositoryIsRefused() {
    let theirs = Marker(repositoryID: "beef", commit: nil, digest: "x").filter(for: identity)
    let host = observed([
      ObservedFilter(name: theirs.name, uuid: identity.uuid(ofFilter: theirs.name), xml: "", filter: theirs)
    ])
    #expect(codes(plan(desired([wanted("a")]), host).problems) == ["other-repository"])
    #expect(plan(desired([wanted("a")]), host, takesOver: true).problems.isEmpty)
  }

  @Test func markerRoundTrip() {
    #expect(Marker(marker.filter(for: identity)) == marker)
    #expect(marker.filter(for: identity).rules.flatMap { $0.findings() }.isEmpty)
    #expect(Marker(Filter(name: "x")) == nil)
  }

  @Test func removalTakesEverythingOfOurs() {
    let host = observed(
      [
        present("a"), present("theirs", uuid: foreign),
        ObservedFilter(
          name: identity.markerName, uuid: identity.uuid(ofFilter: identity.markerName), xml: "",
          filter: marker.filter(for: identity)),
      ], [machine("vm", live: FilterReference("a"), config: FilterReference("a"))])
    let result = Plan(.removal(of: identity, repositoryID: "6f1c", from: host))
    #expect(words(result) == ["vm: a -> none live config", "delete acme.host.marker", "delete a"])
    #expect(applying(result.steps, to: host).filters.map(\.name) == ["theirs"])
  }

  @Test func entryDifference() {
    let old = (0..<6).map { rule(port: UInt32($0)) }
    var new = old
    new.remove(at: 2)
    new.insert(rule(port: 99), at: 4)
    let difference = EntryDiff.between(old, new)
    #expect(difference.count { if case .kept = $0 { true } else { false } } == 5)
    #expect(difference.contains(.removed(rule(port: 2))) && difference.contains(.added(rule(port: 99))))
    let rebuilt = difference.compactMap { entry -> Filter.Entry? in
      switch entry {
      case .kept(let entry), .added(let entry): entry
      case .removed: nil
      }
    }
    #expect(rebuilt == new)
  }
}

@Suite struct OwnershipPlanTests {
  @Test func anotherProjectsFilterIsNeverAdopted() throws {
    let other = Identity(project: "beta")
    let host = observed([
      present("a", uuid: other.uuid(ofFilter: "a")),
      present("beta.host.marker", uuid: other.uuid(ofFilter: "beta.host.marker")),
    ])
    let result = plan(desired([wanted("a", adopts: true)]), host)
    #expect(codes(result.problems) == ["name-taken"])
    #expect(try #require(result.problems.first?.message).contains("project beta"))
    #expect(host.filters.project(owning: host.filters[0]) == "beta")
  }

  @Test func twoInterfacesWithOneAddressAreAProblem() {
    var twice = machine("web-1")
    twice.interfaces += twice.interfaces
    let host = observed([present("a")], [twice])
    let result = plan(desired([wanted("a")], [group("g", ["web-*"], FilterReference("a"))]), host)
    #expect(codes(result.problems) == ["duplicate-mac"])
    #expect(plan(desired([wanted("a")], [group("g", ["db"], FilterReference("a"))]), host).problems == [])
  }
}
