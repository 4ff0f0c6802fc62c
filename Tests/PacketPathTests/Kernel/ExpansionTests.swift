// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

/// Trees of filters, variables and order (reference: nwfilter_gentech_driver.c, nwfilter_params.c).
@Suite struct ExpansionTests {
  private func root(_ program: KernelProgram, _ way: Way = .fromMachine) -> [KernelRule] {
    program.allStages.first { $0.hook == .ethernet(way) }?.root.rules ?? []
  }

  @Test("Outer parameters win over those of references, which are defaults")
  func precedence() throws {
    let filters = (
      filter(named: "top", "@inner A=10.0.0.1 B=10.0.0.2"),
      filter(named: "inner", "drop out ip srcipaddr=$A", "drop out ip srcipaddr=$B")
    )
    let program = try bind(filters.0, filters.1, parameters: ["B": ["10.0.0.9"]])
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    #expect(program.outcome("udp 10.0.0.9 > 10.9.9.9", .fromMachine) == .dropped)
    #expect(program.outcome("udp 10.0.0.2 > 10.9.9.9", .fromMachine) == .undecided)
  }

  @Test("Parameters of a reference reach the filters below, not those beside")
  func scope() {
    let error = failure(
      filter(named: "top", "@one A=10.0.0.1", "@two"), filter(named: "one", "@two"),
      filter(named: "two", "drop out ip srcipaddr=$A"))
    #expect(error?.code == .missingVariable)
    #expect(error?.part == "A")
  }

  @Test("A filter that is referred to twice stands there twice, each with its own place")
  func duplicates() throws {
    let program = try bind(
      filter(named: "top", "@a", "@b", "@a"), filter(named: "a", "drop out ip"), filter(named: "b", "@a"))
    #expect(root(program).map { $0.origin?.path } == [["top", "a"], ["top", "b", "a"], ["top", "a"]])
  }

  @Test("Lists on one iterator advance together, others make every pair; the iterator 0 runs fastest")
  func iterators() throws {
    let zipped = try bind(
      filter("drop out tcp srcipaddr=$A srcportstart=$B"),
      parameters: ["A": ["10.0.0.1", "10.0.0.2"], "B": ["1", "2"]])
    #expect(zipped.outcome("tcp 10.0.0.1:1 > 10.9.9.9:9", .fromMachine) == .dropped)
    #expect(zipped.outcome("tcp 10.0.0.1:2 > 10.9.9.9:9", .fromMachine) == .accepted)
    let crossed = try bind(
      filter("drop out ip srcipaddr=$A[@1] dstipaddr=$A"), parameters: ["A": ["10.0.0.1", "10.0.0.2"]])
    let rules = root(crossed)
    #expect(rules.count == 4)
    func source(_ rule: KernelRule) -> UInt128? {
      rule.conditions.compactMap {
        if case .range(.source, let range) = $0.test { return range.lowerBound & 255 }
        return nil
      }.first
    }
    #expect(rules.map(source) == [1, 1, 2, 2])
  }

  @Test("One value of a list, repeated pairs, and lists of different lengths")
  func lists() throws {
    let element = try bind(filter("drop out ip srcipaddr=$A[1]"), parameters: ["A": ["10.0.0.1", "10.0.0.2"]])
    #expect(element.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .undecided)
    #expect(element.outcome("udp 10.0.0.2 > 10.9.9.9", .fromMachine) == .dropped)
    let repeated = try bind(
      filter("drop out ip protocol=udp srcportstart=$A dstportstart=$B"),
      parameters: ["A": ["1", "2", "1"], "B": ["1", "3", "1"]])
    #expect(root(repeated).count == 2)
    #expect(
      failure(
        filter("drop out ip srcipaddr=$A dstipaddr=$B"),
        parameters: ["A": ["10.0.0.1", "10.0.0.2"], "B": ["10.0.0.1"]])?.code == .cardinality)
    #expect(failure(filter("drop out ip srcipaddr=$A[2]"), parameters: ["A": ["10.0.0.1"]])?.part == "A[2]")
  }

  @Test("A negated list makes a rule for each value, which together match everything")
  func negatedList() throws {
    let program = try bind(
      filter("drop out ip !srcipaddr=$A"), parameters: ["A": ["10.0.0.1", "10.0.0.2"]])
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
  }

  @Test("Values of variables are read as the tools read them")
  func values() throws {
    let range = try bind(filter("drop out tcp dstportstart=$P"), parameters: ["P": ["22:25"]])
    #expect(range.outcome("tcp 10.0.0.1:9 > 10.9.9.9:24", .fromMachine) == .dropped)
    let octal = try bind(filter("drop out tcp dstportstart=$P"), parameters: ["P": ["010"]])
    #expect(octal.outcome("tcp 10.0.0.1:9 > 10.9.9.9:8", .fromMachine) == .dropped)
    let open = try bind(filter("drop out udp dstportstart=$P"), parameters: ["P": ["60000:"]])
    #expect(open.outcome("udp 10.0.0.1:9 > 10.9.9.9:65535", .fromMachine) == .dropped)
    let scattered = try bind(
      filter("drop out all srcipaddr=10.0.7.1 srcipmask=$M"), parameters: ["M": ["255.255.0.255"]])
    #expect(scattered.outcome("udp 10.0.99.1 > 10.9.9.9", .fromMachine) == .dropped)
    #expect(scattered.outcome("udp 10.0.99.2 > 10.9.9.9", .fromMachine) == .accepted)
    #expect(failure(filter("drop out tcp dstportstart=$P"), parameters: ["P": ["ssh"]])?.code == .badValue)
    let hexadecimal = try bind(filter("drop out mac protocolid=$P"), parameters: ["P": ["0800"]])
    #expect(hexadecimal.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
  }

  @Test("Parameters with characters that libvirt does not take are not there")
  func droppedParameters() {
    let refused = failure(filter("drop out ip srcipaddr=$A"), parameters: ["A": ["10.0.0.0/8"]])
    #expect(refused?.code == .missingVariable)
    let below = failure(filter("drop out mac protocolid=$P"), parameters: ["P": ["7"]])
    #expect(below?.code == .badValue)
  }

  @Test("Rules of the root chain come first, then by priority, then as written; the chain's priority lifts only later")
  func order() throws {
    let program = try bind(
      filter(
        named: "top", "@sub", "drop out 500 tcp dstportstart=3", "accept out 400 tcp dstportstart=2",
        "return out 500 tcp dstportstart=4"),
      filter(named: "sub", chain: "ipv4", "drop out -900 tcp dstportstart=1"))
    let chain = program.allStages.first { $0.hook == .forwardFromMachine(.ipv4) }?.root.rules ?? []
    #expect(chain.map { $0.origin?.entry } == [2, 1, 3, 0])
  }

  @Test("Missing filters and loops are errors")
  func brokenTrees() {
    #expect(failure(filter(named: "a", "@b"))?.code == .missingFilter)
    #expect(failure(filter(named: "a", "@b"), filter(named: "b", "@a"))?.code == .loop)
  }
}
