// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
import FilterModel
public import PacketPath

/// Proves tests, or refutes them by a packet: sets of packets against the sets that filters let pass, no samples.
public struct Verifier: ~Copyable {
  typealias Node = DecisionDiagram.Node

  public let library: FilterLibrary
  var frames = FrameDiagram()
  private var programs: [ProgramKey: Result<KernelProgram?, DiagnosticError>] = [:]
  private var sets: [ProgramKey: ProgramSets] = [:]
  /// See `ordinary()`.
  var ordinaryFrames: Node?

  /// Branches of a diagram past which a new one is made: some 100 MB.
  private static let mostBranches = 4_000_000

  private struct ProgramKey: Hashable {
    let reference: FilterReference?
    let mac: MACAddress
    let addresses: [IPAddress]

    init(_ nic: FilteredNIC) {
      reference = nic.reference
      mac = nic.nic.mac
      addresses = nic.nic.addresses
    }
  }

  public init(_ library: FilterLibrary) { self.library = library }

  // MARK: Tests

  /// Whether a test holds for every packet that it speaks of.
  public mutating func check(_ planned: PlannedTest) -> TestResult {
    if !planned.problems.isEmpty { return TestResult(planned, .undecided(planned.problems)) }
    if frames.diagram.count > Self.mostBranches {
      frames = FrameDiagram()
      sets = [:]
      ordinaryFrames = nil
    }
    do throws(DiagnosticError) {
      for testCase in planned.cases.flatMap(\.separated) {
        if let counterexample = try refutation(of: planned.test.expectation, testCase) {
          return TestResult(planned, .failed(counterexample))
        }
      }
      return TestResult(planned, .passed, routed: try routedDifference(planned))
    } catch {
      return TestResult(planned, .undecided(error.diagnostics))
    }
  }

  /// Where the same does not hold for packets that the host routes, a packet that shows it; nothing is said of that in the
  /// line.
  private mutating func routedDifference(_ planned: PlannedTest) throws(DiagnosticError) -> Conversation? {
    guard planned.test.route == nil else { return nil }
    for var testCase in planned.cases.flatMap(\.separated) where testCase.route == .bridged {
      // Neighbours reach each other through the host only where one of them means to.
      let isBetweenMachines =
        testCase.sources.allSatisfy { $0.nic != nil } && testCase.targets.allSatisfy { $0.nic != nil }
      if isBetweenMachines, planned.test.expectation != .never { continue }
      testCase.route = .routed
      if let found = try refutation(of: planned.test.expectation, testCase) { return found }
    }
    return nil
  }

  /// A packet of a case for which the expectation does not hold.
  private mutating func refutation(
    of expectation: Expectation, _ testCase: TestCase
  ) throws(DiagnosticError) -> Conversation? {
    let sets = try flows(testCase)
    let wrong =
      switch expectation {
      case .allow: frames.diagram.difference(sets.packets, sets.allowed)
      case .oneWay: frames.diagram.difference(sets.packets, sets.oneWay)
      case .reject: frames.diagram.difference(sets.packets, sets.rejected)
      case .drop: frames.diagram.difference(sets.packets, sets.dropped)
      case .never: frames.diagram.or(sets.allowed, sets.oneWay)
      }
    guard let frame = example(of: wrong, testCase) else { return nil }
    return try conversation(frame, testCase)
  }

  // MARK: Single packets

  /// What becomes of one packet between ends of a case.
  public mutating func conversation(
    _ frame: Frame, _ testCase: TestCase
  ) throws(DiagnosticError) -> Conversation {
    let source = testCase.sources.first { $0.nic?.nic.mac == frame.sourceMAC }?.nic
    let target =
      (testCase.targets.first { $0.nic?.nic.mac == frame.destinationMAC }
      ?? (frame.destinationMAC.isGroup ? testCase.targets.first : nil))?.nic
    return Conversation(
      frame, testCase.route, source: try end(source), target: try end(target))
  }

  private mutating func end(
    _ nic: FilteredNIC?
  ) throws(DiagnosticError) -> (nic: FilteredNIC, program: KernelProgram?)? {
    guard let nic else { return nil }
    return (nic, try program(of: nic))
  }

  /// What the kernel makes of a NIC's filter; nil for a NIC without one.
  mutating func program(of nic: FilteredNIC) throws(DiagnosticError) -> KernelProgram? {
    let key = ProgramKey(nic)
    if let known = programs[key] { return try known.get() }
    let made: Result<KernelProgram?, DiagnosticError>
    do throws(DiagnosticError) {
      made = .success(try library.program(of: nic))
    } catch {
      made = .failure(error)
    }
    programs[key] = made
    return try made.get()
  }

  /// What a NIC's filter does to flows.
  mutating func flows(
    _ nic: FilteredNIC, begins way: Way, _ route: TestRoute
  ) throws(DiagnosticError) -> FlowSets {
    let key = ProgramKey(nic)
    var program: ProgramSets
    if let known = sets[key] { program = known } else { program = ProgramSets(try self.program(of: nic)) }
    let flows = program.flows(begins: way, route.topology, in: &frames)
    sets[key] = program
    return flows
  }
}
