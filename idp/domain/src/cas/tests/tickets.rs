use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::cas::{BadTicket, SERVICE_TICKET_TTL, ServiceTicket, TicketKind};

#[test] // TKT-12
fn tickets_have_the_form_that_every_client_takes_and_never_repeat() {
    let mut rng = StdRng::seed_from_u64(12);
    let mut seen = HashSet::new();
    let mut first_characters = HashSet::new();
    for _ in 0..100_000 {
        let ticket = ServiceTicket::generate(&mut rng);
        let text = ticket.as_str().to_owned();
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        assert_eq!(ServiceTicket::parse(&text), Ok(ticket));
        first_characters.insert(text.as_bytes()[3]);
        assert!(seen.insert(text));
    }
    assert_eq!(
        first_characters.len(),
        62,
        "no common prefix beyond the kind"
    );
}

#[test] // TKT-12, TKT-09
fn a_ticket_is_known_by_its_hash_and_shown_by_its_end() {
    let ticket = ServiceTicket::generate(&mut StdRng::seed_from_u64(1));
    let other = ServiceTicket::generate(&mut StdRng::seed_from_u64(2));
    assert_ne!(ticket.hash(), other.hash());
    assert_eq!(ticket.hash(), ticket.clone().hash());
    let end = &ticket.as_str()[28..];
    assert_eq!(format!("{ticket:?}"), format!("ST-…{end}"));
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
