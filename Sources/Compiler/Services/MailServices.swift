// SPDX-License-Identifier: Apache-2.0

extension ServiceCatalogue {
  /// Mail, news and chat.
  static let mail: [CatalogueService] = [
    .tcp("dcc", "Distributed Checksum Clearinghouse, against spam", 6277),
    .tcp("icq", "ICQ", 5190),
    .tcp("imap", "IMAP", 143),
    .tcp("imaps", "IMAP over TLS", 993),
    .tcp("irc", "Internet Relay Chat", 6667),
    .tcp("ircs", "Internet Relay Chat over TLS", 6697),
    .tcp("lmtp", "Local Mail Transfer Protocol", 24),
    .tcp("mail", "SMTP, SMTP over TLS and submission", 25, 465, 587),
    .tcp("managesieve", "ManageSieve, mail filters", 4190),
    .tcp("matrix-federation", "Matrix, between servers", 8448),
    .tcp("msnp", "Microsoft Notification Protocol", 1863),
    .tcp("nntp", "Usenet news", 119),
    .tcp("nntps", "Usenet news over TLS", 563),
    .tcp("pop3", "POP3", 110),
    .tcp("pop3s", "POP3 over TLS", 995),
    .tcp("razor", "Razor, against spam", 2703),
    .both("sip", "Session Initiation Protocol", 5060),
    .tcp("sips", "Session Initiation Protocol over TLS", 5061),
    .tcp("smtp", "SMTP, between servers", 25),
    .tcp("smtps", "SMTP over TLS", 465),
    .tcp("spamd", "SpamAssassin", 783),
    .tcp("submission", "Mail submission", 587),
    .tcp("xmpp", "XMPP, clients and servers", 5222, 5269),
  ]
}
