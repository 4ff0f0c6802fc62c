// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import PacketPath
import PacketProbe

/// A filter tree, the VM that it is bound to, and frames that are tried with it.
struct AgreementCase: Sendable {
  /// What it takes to make it again: `seed 7, case 12`.
  var name: String
  var tree: FilterTree
  /// The text of the first filter, where libvirt is to read that: the tree is then what libvirt makes of it.
  var xml: String?
  /// The number of the VM.
  var machine: Int
  var trials: [Trial]

  /// The parameters of the binding with the one that libvirt adds.
  func parameters(_ plan: LabPlan) -> [String: [String]] {
    tree.parameters.merging(["MAC": [plan.mac(machine).text]]) { own, _ in own }
  }

  /// What PacketPath makes of it.
  func program(_ plan: LabPlan) throws(KernelProgramError) -> KernelProgram {
    try KernelProgram(root: tree.root, filters: tree.filters, parameters: parameters(plan))
  }
}

/// A frame that is sent while the filter is bound, and what was sent before.
struct Trial: Sendable {
  var frame: ProbeFrame
  var way: Way
  var topology: Topology
  /// What the kernel makes of it, after `openers`.
  var tracking: Tracking
  /// What goes before it while there is no filter, each in its direction.
  var openers: [Opener] = []

  struct Opener: Sendable {
    var frame: ProbeFrame
    var way: Way
  }

  /// Where frames of a direction begin and end.
  func places(_ way: Way, machine: Int) -> (from: FrameLab.Place, to: FrameLab.Place) {
    let other: FrameLab.Place =
      switch topology {
      case .bridged: .peer
      case .routed: .world
      case .host: .host
      }
    return way == .fromMachine ? (.machine(machine), other) : (other, .machine(machine))
  }
}

extension Trial: CustomStringConvertible {
  var description: String {
    "\(way == .fromMachine ? "from" : "to") the VM, \(topology), \(frame.summary(tracking))"
  }
}

extension ProbeFrame {
  /// `52:54:00:01:00:02 > 52:54:00:01:00:01, tcp 10.1.2.10:1024 to 10.2.0.10:22 flags 2, new original`.
  fileprivate func summary(_ tracking: Tracking) -> String {
    let frame = packetPathFrame
    var parts = ["\(sourceMAC.text) > \(destinationMAC.text)"]
    if let vlan { parts.append("vlan \(vlan)") }
    if let packet = frame.packet {
      parts.append(
        "\(packet)" + (protocolNumber == 6 ? " flags \(tcpFlags)" : "") + (tcpOption.map { " option \($0)" } ?? "")
          + (typeOfService == 0 ? "" : " tos \(typeOfService)"))
      parts.append("\(tracking.state) \(tracking.side)")
    } else if frame.etherType == EtherType.arp || frame.etherType == EtherType.rarp {
      parts.append(
        "ethertype 0x\(String(etherType, radix: 16)), operation \(arp.operation), "
          + "\(arp.senderMAC.text) \(arp.sender) to \(arp.targetMAC.text) \(arp.target), types \(arp.hardwareType) 0x\(String(arp.protocolType, radix: 16))"
      )
    } else if let message = frame.spanningTree {
      parts.append("\(message)")
    } else {
      parts.append("ethertype 0x\(String(etherType, radix: 16))")
    }
    return parts.joined(separator: ", ")
  }
}

extension ProbeFrame {
  /// The same as PacketPath has it.
  var packetPathFrame: Frame {
    var result = Frame(
      etherType: vlan == nil ? etherType : EtherType.vlan, sourceMAC: MACAddress(sourceMAC),
      destinationMAC: MACAddress(destinationMAC))
    if let vlan {
      result.vlan = vlan
      result.vlanProtocol = etherType
      return result
    }
    switch etherType {
    case EtherType.ipv4, EtherType.ipv6:
      result.source = source.number
      result.destination = destination.number
      result.protocolNumber = protocolNumber
      result.typeOfService = typeOfService
      switch protocolNumber {
      case 6, 17, 132, 136: (result.sourcePort, result.destinationPort) = (sourcePort, destinationPort)
      case 1 where etherType == EtherType.ipv4, 58 where etherType == EtherType.ipv6:
        result.destinationPort = destinationPort
      default: break
      }
      if protocolNumber == 6 {
        result.tcpFlags = TCPFlags(rawValue: tcpFlags)
        if let tcpOption { result.tcpOptions = [tcpOption] }
      }
    case EtherType.arp, EtherType.rarp:
      result.arp.hardwareType = arp.hardwareType
      result.arp.protocolType = arp.protocolType
      result.arp.operation = arp.operation
      result.arp.senderMAC = MACAddress(arp.senderMAC)
      result.arp.targetMAC = MACAddress(arp.targetMAC)
      result.arp.senderAddress = UInt32(truncatingIfNeeded: arp.sender.number)
      result.arp.targetAddress = UInt32(truncatingIfNeeded: arp.target.number)
    case 0: result.spanningTree = bpdu.message
    default: break
    }
    return result
  }
}

extension ProbeFrame.BPDU {
  fileprivate var message: Frame.SpanningTree {
    var message = Frame.SpanningTree()
    message.type = type
    message.flags = flags
    message.rootPriority = rootPriority
    message.rootAddress = MACAddress(rootAddress)
    message.rootCost = rootCost
    message.senderPriority = senderPriority
    message.senderBridge = MACAddress(senderAddress)
    message.port = port
    message.messageAge = age
    message.maximumAge = maxAge
    message.helloTime = helloTime
    message.forwardDelay = forwardDelay
    return message
  }
}

extension Address {
  /// In the low bits.
  var number: UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }

  init(ipv4 number: UInt32) { self.init(bytes: (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }) }

  init(ipv6 number: UInt128) { self.init(bytes: (0..<16).map { UInt8(truncatingIfNeeded: number >> (120 - 8 * $0)) }) }
}

extension MACAddress {
  init(_ address: HardwareAddress) { self.init(bits: address.bytes.reduce(0) { $0 << 8 | UInt64($1) }) }
}

extension HardwareAddress {
  init(_ address: MACAddress) {
    self.init(bytes: (0..<6).map { UInt8(truncatingIfNeeded: address.bits >> UInt64(40 - 8 * $0)) })
  }
}
