use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::cas::{
    BadTicket, ProxyGrantingIou, ProxyGrantingTicket, ProxyTicket, SERVICE_TICKET_TTL,
    ServiceTicket, TicketGrantingTicket, TicketKind,
};
use crate::secrets::hash_secret;

/// The same for each kind: they come from one macro, and a slip in a prefix or a length of one
/// would show in no other.
macro_rules! of_each_kind {
    ($check:ident) => {
        $check!(ServiceTicket, "ST", 32);
        $check!(ProxyTicket, "PT", 32);
        $check!(ProxyGrantingTicket, "PGT", 47);
        $check!(ProxyGrantingIou, "PGTIOU", 50);
        $check!(TicketGrantingTicket, "TGT", 47);
    };
}

#[test] // TKT-12, CAS 105, CAS 110–114, CAS 119, CAS 120
fn tickets_have_the_form_that_every_client_takes_and_never_repeat() {
    let mut rng = StdRng::seed_from_u64(12);
    macro_rules! check {
        ($ticket:ident, $kind:literal, $length:literal) => {
            let mut seen = HashSet::new();
            let mut first_characters = HashSet::new();
            for _ in 0..20_000 {
                let ticket = $ticket::generate(&mut rng);
                let text = ticket.as_str().to_owned();
                assert_eq!(text.len(), $length);
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
                assert_eq!($ticket::parse(&text), Ok(ticket));
                first_characters.insert(text.as_bytes()[$kind.len() + 1]);
                assert!(seen.insert(text));
            }
            assert_eq!(
                first_characters.len(),
                62,
                "no common prefix beyond the kind"
            );
        };
    }
    of_each_kind!(check);
}

#[test] // TKT-12, TKT-09
fn a_ticket_is_known_by_its_hash_and_shown_by_its_end() {
    macro_rules! check {
        ($ticket:ident, $kind:literal, $length:literal) => {
            let ticket = $ticket::generate(&mut StdRng::seed_from_u64(1));
            let other = $ticket::generate(&mut StdRng::seed_from_u64(2));
            assert_ne!(ticket.hash(), other.hash());
            assert_eq!(ticket.hash(), ticket.clone().hash());
            assert_eq!(ticket.hash(), hash_secret($kind, ticket.as_str()));
            let end = &ticket.as_str()[$length - 4..];
            assert_eq!(format!("{ticket:?}"), format!("{}-…{end}", $kind));
        };
    }
    of_each_kind!(check);
}

#[test] // TKT-16: n × n
fn a_ticket_of_one_kind_is_none_of_another() {
    let mut rng = StdRng::seed_from_u64(16);
    let mut texts = Vec::new();
    macro_rules! draw {
        ($ticket:ident, $kind:literal, $length:literal) => {
            texts.push(($kind, $ticket::generate(&mut rng).as_str().to_owned()));
        };
    }
    of_each_kind!(draw);
    for (kind, text) in &texts {
        macro_rules! check {
            ($ticket:ident, $other:literal, $length:literal) => {
                assert_eq!($ticket::parse(text).is_ok(), *kind == $other, "{text}");
            };
        }
        of_each_kind!(check);
    }
}

#[test] // TKT-07, TKT-16
fn another_kind_is_no_service_ticket() {
    let random = "A".repeat(29);
    for (prefix, kind) in [
        ("ST-", Some(TicketKind::Service)),
        ("PT-", Some(TicketKind::Proxy)),
        ("PGT-", Some(TicketKind::ProxyGranting)),
        ("PGTIOU-", Some(TicketKind::ProxyGrantingIou)),
        ("TGT-", Some(TicketKind::TicketGranting)),
        ("TGC-", Some(TicketKind::TicketGranting)),
        ("LT-", Some(TicketKind::Login)),
        ("st-", None),
        ("XT-", None),
        ("-", None),
        ("", None),
    ] {
        let text = format!("{prefix}{random}");
        assert_eq!(TicketKind::of(&text), kind, "{text}");
        assert_eq!(
            ServiceTicket::parse(&text).is_ok(),
            kind == Some(TicketKind::Service),
            "{text}"
        );
    }
    let short = "A".repeat(28);
    let long = "A".repeat(30);
    let foreign = format!("{short}_");
    let wide = format!("{}é", "A".repeat(27));
    for random in [&short, &long, &foreign, &wide] {
        assert_eq!(
            ServiceTicket::parse(&format!("ST-{random}")),
            Err(BadTicket)
        );
    }
    assert_eq!(ServiceTicket::parse(""), Err(BadTicket));
}

#[test]
fn a_service_ticket_lives_ten_seconds() {
    assert_eq!(SERVICE_TICKET_TTL.as_secs(), 10);
}
