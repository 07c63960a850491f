//! What the doctor says: each finding in a sentence, and what to do about it.

use idp_domain::applications::doctor::{Finding, Side, Step, Trouble};

pub(super) fn step(step: Step) -> &'static str {
    match step {
        Step::Entry => "entry",
        Step::Network => "network",
        Step::Login => "login",
        Step::Ticket => "ticket",
        Step::Logout => "logout",
    }
}

pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Application => "in the application",
        Side::Network => "in the network",
        Side::Registry => "in the entry",
        Side::Server => "in our configuration",
    }
}

/// What was seen.
pub(super) fn what(finding: &Finding) -> String {
    match finding {
        Finding::EntryUnusable { problems } => {
            format!("the entry can't be used, and every server leaves it out: {problems}")
        }
        Finding::Disabled => "the application is switched off: nobody may enter it".to_owned(),
        Finding::NoCas => "the entry has no CAS side".to_owned(),
        Finding::NothingToTry => "no service of the entry names a page to begin with".to_owned(),
        Finding::Tries { address } => format!("the entry is good; {address} is tried"),
        Finding::Reached { host, port, https } => {
            let how = if *https {
                ", with a trusted certificate"
            } else {
                ", without TLS"
            };
            format!("{host}:{port} can be connected to{how}")
        }
        Finding::Unreached {
            host,
            port,
            trouble,
        } => format!("{host}:{port} can't be connected to: {}", cause(trouble)),
        Finding::LogoutAccepted { status } => {
            format!("the notice of the logout was accepted (status {status})")
        }
        Finding::LogoutUnconfirmed { status } => {
            format!("the notice of the logout was sent on to our login (status {status})")
        }
        Finding::LogoutRefused { status } => {
            format!("the notice of the logout was answered with status {status}")
        }
        Finding::LogoutUndelivered {
            host,
            port,
            trouble,
        } => format!(
            "the notice of the logout did not reach {host}:{port}: {}",
            cause(trouble)
        ),
        Finding::LogoutByBrowser => {
            "the browser tells it of logouts (\"front\"), which can't be tried from here".to_owned()
        }
        Finding::LogoutUnwanted => "nobody tells it of logouts (\"none\")".to_owned(),
        Finding::LogoutNowhere => "there is no address to tell it of logouts".to_owned(),
        login_or_ticket => what_without(login_or_ticket).unwrap_or_else(|| what_with(finding)),
    }
}

/// Without a ticket; nothing for what was seen with one.
fn what_without(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::SendsToLogin { service } => {
            format!("visitors are sent to our login, to come back to {service}")
        }
        Finding::LoginWithoutService => {
            "visitors are sent to our login without a service to come back to".to_owned()
        }
        Finding::ServiceUnregistered {
            service, refusal, ..
        } => format!("visitors are sent to our login for {service}, which is refused: {refusal}"),
        Finding::ServiceOfAnother {
            service,
            application,
        } => {
            format!("visitors are sent to our login for {service}, which belongs to {application}")
        }
        Finding::OtherAddressOfOurs { address, .. } => {
            format!("visitors are sent to {address}, where our login is not")
        }
        Finding::SendsElsewhere { origin } => {
            format!("visitors are sent to another server, {origin}")
        }
        Finding::Circles { redirects } => {
            format!("visitors are sent in circles: after {redirects} redirects the doctor gave up")
        }
        Finding::RedirectNowhere { status } => {
            format!("status {status}, and no address that could be followed")
        }
        Finding::AnswersItself { status } => {
            format!("the page answers with status {status} and sends nobody to a login")
        }
        Finding::NoPage { status } => format!("there is no page here (status {status})"),
        Finding::Fails { status } => format!("the application fails (status {status})"),
        Finding::NoAnswer { trouble } => format!("there is no answer: {}", cause(trouble)),
        _ => return None,
    })
}

fn what_with(finding: &Finding) -> String {
    match finding {
        Finding::Validated { milliseconds } => {
            format!("the ticket was validated after {milliseconds} ms")
        }
        Finding::WrongService {
            sent: Some(sent),
            expected,
        } => format!("the ticket for {expected} was validated for {sent}"),
        Finding::WrongService {
            sent: None,
            expected,
        } => format!("the ticket for {expected} was validated for another service"),
        Finding::TooLate { seconds } => {
            format!("the ticket was validated after {seconds} s, when it was no longer good")
        }
        Finding::ProxyRefused => {
            "the validation asked for a proxy-granting ticket (pgtUrl) that the entry doesn't permit"
                .to_owned()
        }
        Finding::ValidationRefused { code } => format!("the validation was refused with {code}"),
        Finding::ValidationUnreadable => {
            "the validation named the ticket, and was no good request otherwise".to_owned()
        }
        Finding::NeverValidated { seconds } => {
            format!("nobody asked us about the ticket within {seconds} s")
        }
        Finding::LetsIn { status } => {
            format!("the application goes on with the probe (status {status})")
        }
        Finding::RefusesProbe { status } => {
            format!("the application knows no \"yimen-probe\" (status {status})")
        }
        Finding::SendsBack => {
            "after a good validation visitors are sent to the login again".to_owned()
        }
        Finding::FailsWithTicket { status } => {
            format!("the application fails when it gets a ticket (status {status})")
        }
        Finding::NoAnswerToTicket { trouble } => {
            format!("no answer to the ticket: {}", cause(trouble))
        }
        _ => "no ticket could be issued to the probe".to_owned(),
    }
}

fn cause(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Unresolved => "its name has no address".to_owned(),
        Trouble::ResolveTimedOut => "the DNS gave no answer in time".to_owned(),
        Trouble::Forbidden { addresses } => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("our rules forbid its address {}", addresses.join(", "))
        }
        Trouble::Refused => "nobody listens on this port".to_owned(),
        Trouble::ConnectTimedOut => "no connection came about in time".to_owned(),
        Trouble::Unreachable { error } => error.clone(),
        Trouble::Tls { error } => format!("no safe connection, {error}"),
        Trouble::TlsTimedOut => "it takes the connection and speaks no TLS".to_owned(),
        Trouble::AnswerTimedOut => "it gave none in time".to_owned(),
        Trouble::Broken { error } => format!("what came back is no HTTP, {error}"),
        Trouble::Busy => "too many requests of ours are under way".to_owned(),
        Trouble::Unwritable => "the address can't be asked".to_owned(),
    }
}

/// What to do; nothing where all is well.
pub(super) fn advice(finding: &Finding, issuer: &str) -> Option<String> {
    let text = match finding {
        Finding::EntryUnusable { .. } => {
            "correct it and import it again: yimen application show ID > entry.json"
        }
        Finding::Disabled => "set \"enabled\": true, or leave it off",
        Finding::NoCas => "add \"cas\" with its services",
        Finding::NothingToTry => "name a page with --service URL",
        Finding::Unreached { trouble, .. } | Finding::LogoutUndelivered { trouble, .. } => {
            remedy(trouble)
        }
        Finding::NoAnswer { trouble } | Finding::NoAnswerToTicket { trouble } => remedy(trouble),
        Finding::LogoutUnconfirmed { .. } => {
            "so answers Apache's mod_auth_cas with CASSSOEnabled, after it has ended its session; \
             so does an application that doesn't read notices: sign in and out with a browser, and \
             see whether it still knows you"
        }
        Finding::LogoutRefused { .. } => {
            "it must answer a POST with the form field logoutRequest by 200, without a redirect, \
             sign-in or CSRF token; name the address in cas.logout.url, or set cas.logout.channel \
             to \"none\" if it can't"
        }
        Finding::LogoutByBrowser => "\"back\" can be examined, and doesn't depend on the browser",
        Finding::LogoutUnwanted => "who signs out of the campus stays signed in there",
        Finding::LogoutNowhere => "set cas.logout.url",
        _ => return advice_without(finding, issuer).or_else(|| advice_with(finding, issuer)),
    };
    Some(text.to_owned())
}

fn advice_without(finding: &Finding, issuer: &str) -> Option<String> {
    Some(match finding {
        Finding::LoginWithoutService => {
            "its login address must carry ?service= with the page to come back to".to_owned()
        }
        Finding::ServiceUnregistered {
            twin: Some(twin), ..
        } => format!(
            "it doesn't know its own address {twin}: behind a proxy set its server name \
             (serverName, CASRootProxiedAs, service base URL) or have it trust the proxy's \
             X-Forwarded-Proto and -Host"
        ),
        Finding::ServiceUnregistered { service, .. } => format!(
            "add a pattern that covers {service} to cas.services if this is its address; otherwise \
             correct the server name that the application is configured with"
        ),
        Finding::ServiceOfAnother { application, .. } => format!(
            "one of the two entries covers too much: compare cas.services of both with \
             `yimen application show {application}`"
        ),
        Finding::OtherAddressOfOurs { login, .. } => format!("its login address must be {login}"),
        Finding::SendsElsewhere { .. } => format!(
            "if that is another sign-in, set its CAS server to {issuer}/cas; if it is a part of the \
             application, add it to cas.services or begin there with --service"
        ),
        Finding::Circles { .. } => {
            "it may want cookies, which the doctor doesn't keep, before it sends anybody to the \
             login; if browsers go in circles too, look at its http and https addresses"
                .to_owned()
        }
        Finding::RedirectNowhere { .. } => "its redirect needs a Location".to_owned(),
        Finding::AnswersItself { .. } => {
            "name a page that wants a login with --service; if this one should, its CAS client \
             isn't on there"
                .to_owned()
        }
        Finding::NoPage { .. } => {
            "name a page that is there with --service, or correct cas.services".to_owned()
        }
        Finding::Fails { .. } => "look into its log".to_owned(),
        _ => return None,
    })
}

fn advice_with(finding: &Finding, issuer: &str) -> Option<String> {
    Some(match finding {
        Finding::NotIssued => "look into this command's log, then try again".to_owned(),
        Finding::WrongService { .. } => {
            "its service at the validation must be the one of the login, to the letter: set its \
             server name, and behind a proxy scheme and host"
                .to_owned()
        }
        Finding::TooLate { .. } => {
            "it has to ask within 10 s: look for a slow DNS or proxy between it and us".to_owned()
        }
        Finding::ProxyRefused => {
            "register the callback in cas.proxy.callbacks, or switch proxy tickets off in the \
             application"
                .to_owned()
        }
        Finding::ValidationRefused { .. } => {
            "compare the protocol version and the address of its validation with the manual"
                .to_owned()
        }
        Finding::ValidationUnreadable => {
            "service and ticket must each come once, and format be XML or JSON".to_owned()
        }
        Finding::NeverValidated { .. } => format!(
            "its validation address must be {issuer}/cas/p3/serviceValidate (or serviceValidate); its \
             server, not the browser, must reach that through every firewall and trust our \
             certificate; and its CAS client must be on for this page"
        ),
        Finding::RefusesProbe { .. } => {
            "nothing, if it lets in only whom it knows; real people must be known there".to_owned()
        }
        Finding::SendsBack => {
            "its session doesn't begin: look at its cookie (Secure, domain, path), at its session \
             store, and at what it wants of a user"
                .to_owned()
        }
        Finding::FailsWithTicket { .. } => {
            "look into its log; a user that it doesn't know must not make it fail".to_owned()
        }
        _ => return None,
    })
}

fn remedy(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Unresolved | Trouble::ResolveTimedOut => {
            "look its name up on this machine (getent hosts NAME)"
        }
        Trouble::Forbidden { .. } => {
            "add its network to egress.private_networks, if our servers may ask there"
        }
        Trouble::Refused => "start the application, or correct the port in the entry",
        Trouble::ConnectTimedOut | Trouble::Unreachable { .. } => {
            "open the way from our servers to it: routes and firewalls"
        }
        Trouble::Tls { .. } => {
            "its certificate must be in date, name this host and come with its chain; a school's \
             own authority belongs into egress.ca_file"
        }
        Trouble::TlsTimedOut => "https must be spoken on this port, or the entry say http",
        Trouble::AnswerTimedOut => "look why it takes so long",
        Trouble::Broken { .. } => "look at what answers on this port",
        Trouble::Busy => "try again",
        Trouble::Unwritable => "correct the address in the entry",
    }
}
