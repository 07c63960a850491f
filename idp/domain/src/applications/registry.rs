use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::origin::Scheme;
use super::pattern::PathPattern;
use super::{
    Application, ApplicationId, ClientId, OpaqueService, PatternPort, ProvenCallback,
    ProvenRedirect, ProvenService, ProvenTarget, RefusedUrl, ServicePattern, ServiceUrl,
};

/// Why a `service` leads nowhere (RED-01). The visitor sees the same page for each; the word goes
/// to the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the service {0}")]
    Url(#[from] RefusedUrl),
    #[error("no application has this host")]
    Host,
    #[error("no application has this scheme and port on this host")]
    Origin,
    #[error("no application has this path, or this query, on this host")]
    Path,
    #[error("the service has a fragment, and its application doesn't take one (\"spa_fragment\")")]
    Fragment,
}

impl Refusal {
    /// The word in the audit trail.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Url(refused) => refused.reason(),
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Path => "path",
            Self::Fragment => "fragment",
        }
    }
}

/// Two entries that claim the same service or client id: which of them would get the visitor is
/// chance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{claim} is claimed by both \"{first}\" and \"{second}\"")]
pub struct Clash {
    /// The key of an entry that holds it.
    pub key: &'static str,
    /// The pattern, the opaque service or the client id.
    pub claim: String,
    pub first: ApplicationId,
    pub second: ApplicationId,
}

/// All applications of the installation, ready to be asked: by id, by service and by client id.
/// Immutable; a change makes another one.
#[derive(Debug, Default)]
pub struct Registry {
    by_id: BTreeMap<ApplicationId, Arc<Application>>,
    by_host: HashMap<String, Vec<Site>>,
    opaque: HashMap<OpaqueService, Arc<Application>>,
    clients: HashMap<ClientId, Arc<Application>>,
}

/// What is registered under one scheme, host and port.
#[derive(Debug)]
struct Site {
    scheme: Scheme,
    port: PatternPort,
    exact: HashMap<String, Owners>,
    beyond: HashMap<String, Owners>,
    below: HashMap<String, Owners>,
}

/// Whose a path is: one query's before any query's.
#[derive(Debug, Default)]
struct Owners {
    by_query: HashMap<String, Arc<Application>>,
    any_query: Option<Arc<Application>>,
}

impl Registry {
    /// Takes entries as they are; of two that claim one pattern the smaller id gets it, so that
    /// every node decides alike. [`clashes`](Self::clashes) finds them before they are stored.
    pub fn new(applications: Vec<Application>) -> Self {
        let mut registry = Self::default();
        for application in applications {
            registry
                .by_id
                .insert(application.id.clone(), Arc::new(application));
        }
        for application in registry.by_id.values() {
            if let Some(oidc) = &application.oidc {
                let owner = registry.clients.entry(oidc.client_id.clone());
                owner.or_insert_with(|| Arc::clone(application));
            }
            for service in application.cas.iter().flat_map(|cas| &cas.opaque_services) {
                let owner = registry.opaque.entry(service.clone());
                owner.or_insert_with(|| Arc::clone(application));
            }
            for pattern in application.cas.iter().flat_map(|cas| &cas.services) {
                let sites = registry.by_host.entry(pattern.host().to_owned());
                Site::among(sites.or_default(), pattern).add(pattern, application);
            }
        }
        for sites in registry.by_host.values_mut() {
            // One port before any port.
            sites.sort_by_key(|site| (site.scheme, site.port));
        }
        registry
    }

    /// Services and client ids that two of these entries claim.
    pub fn clashes<'a>(applications: impl IntoIterator<Item = &'a Application>) -> Vec<Clash> {
        let mut owners: HashMap<Claim, &ApplicationId> = HashMap::new();
        let mut clashes = Vec::new();
        for application in applications {
            for claim in Claim::all(application) {
                match owners.insert(claim, &application.id) {
                    Some(first) if *first != application.id => clashes.push(Clash {
                        key: claim.key(),
                        claim: claim.to_string(),
                        first: first.clone(),
                        second: application.id.clone(),
                    }),
                    _ => {}
                }
            }
        }
        clashes
    }

    pub fn get(&self, id: &ApplicationId) -> Option<&Arc<Application>> {
        self.by_id.get(id)
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Application>> {
        self.by_id.values()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The application that a request's `service` belongs to, and the proof of it. The most
    /// specific pattern wins: an exact path, then the longest prefix (`/*+` before `/*`); of one
    /// path that with its query named.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of `raw_service` may then be sent to anybody.
    pub fn resolve(&self, raw_service: &str) -> Result<(Arc<Application>, ProvenService), Refusal> {
        let url = ServiceUrl::parse(raw_service)?;
        let sites = self.by_host.get(&url.host).ok_or(Refusal::Host)?;
        let (path, query) = (url.comparable_path(), url.comparable_query());
        let mut refusal = Refusal::Origin;
        let mut found = None;
        for site in sites.iter().filter(|site| site.serves(&url)) {
            refusal = Refusal::Path;
            found = found.or_else(|| site.find(&path, &query));
        }
        let application = Arc::clone(found.ok_or(refusal)?);
        if url.fragment().is_some() && !application.takes_fragments() {
            return Err(Refusal::Fragment);
        }
        Ok((application, ProvenService::new(url)))
    }

    /// The application that a proxy ticket is asked for, and the proof of it: an opaque service,
    /// byte for byte, or a web address as in [`resolve`](Self::resolve).
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn resolve_target(&self, raw: &str) -> Result<(Arc<Application>, ProvenTarget), Refusal> {
        if let Some((service, application)) = OpaqueService::parse(raw)
            .ok()
            .and_then(|s| self.opaque.get_key_value(&s))
        {
            let target = ProvenTarget::opaque(service.clone());
            return Ok((Arc::clone(application), target));
        }
        let (application, service) = self.resolve(raw)?;
        Ok((application, ProvenTarget::web(service)))
    }

    /// A request's `pgtUrl`, if it is a callback of this very application (TKT-08).
    pub fn callback(&self, application: &ApplicationId, raw: &str) -> Option<ProvenCallback> {
        let rule = self.get(application)?.cas.as_ref()?.proxy.as_ref()?;
        let asked = ServiceUrl::parse(raw).ok()?;
        let registered = rule.callbacks.iter().find(|callback| callback.is(&asked))?;
        Some(ProvenCallback::new(registered.clone()))
    }

    /// The application with this client id; it has an `oidc` side.
    pub fn client(&self, client_id: &str) -> Option<Arc<Application>> {
        let id = ClientId::parse(client_id).ok()?;
        self.clients.get(&id).cloned()
    }

    /// The proof that browsers may be sent to a request's `redirect_uri` with the answer: it is one
    /// that the application registered, byte for byte; only a native application's loopback
    /// address may have another port (OID-01, RFC 8252 §7.3).
    pub fn redirect(&self, application: &Application, raw: &str) -> Option<ProvenRedirect> {
        self.get(&application.id)?.oidc.as_ref()?.redirect(raw)
    }

    /// The same for a `post_logout_redirect_uri` (RP-Initiated Logout §3).
    pub fn post_logout_redirect(
        &self,
        application: &Application,
        raw: &str,
    ) -> Option<ProvenRedirect> {
        let oidc = self.get(&application.id)?.oidc.as_ref()?;
        oidc.post_logout_redirect(raw)
    }
}

/// What can be had once only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Claim<'a> {
    Pattern(&'a ServicePattern),
    Opaque(&'a OpaqueService),
    Client(&'a ClientId),
}

impl<'a> Claim<'a> {
    fn all(application: &'a Application) -> impl Iterator<Item = Self> {
        let cas = application.cas.iter();
        let client = application
            .oidc
            .iter()
            .map(|oidc| Self::Client(&oidc.client_id));
        cas.flat_map(|cas| {
            let patterns = cas.services.iter().map(Self::Pattern);
            patterns.chain(cas.opaque_services.iter().map(Self::Opaque))
        })
        .chain(client)
    }

    fn key(self) -> &'static str {
        match self {
            Self::Pattern(_) => "cas.services",
            Self::Opaque(_) => "cas.opaque_services",
            Self::Client(_) => "oidc.client_id",
        }
    }
}

impl fmt::Display for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Opaque(service) => f.write_str(service.as_str()),
            Self::Client(id) => write!(f, "the client id \"{id}\""),
        }
    }
}

impl Site {
    /// The site of `pattern`, made when it isn't there.
    fn among<'a>(sites: &'a mut Vec<Self>, pattern: &ServicePattern) -> &'a mut Self {
        let known = sites
            .iter()
            .position(|site| site.scheme == pattern.scheme() && site.port == pattern.port());
        let index = known.unwrap_or_else(|| {
            sites.push(Self {
                scheme: pattern.scheme(),
                port: pattern.port(),
                exact: HashMap::new(),
                beyond: HashMap::new(),
                below: HashMap::new(),
            });
            sites.len() - 1
        });
        &mut sites[index]
    }

    fn add(&mut self, pattern: &ServicePattern, application: &Arc<Application>) {
        let (paths, path) = match pattern.path() {
            PathPattern::Exact(path) => (&mut self.exact, path),
            PathPattern::Beyond(prefix) => (&mut self.beyond, prefix),
            PathPattern::Below(prefix) => (&mut self.below, prefix),
        };
        let owners = paths.entry(path.clone()).or_default();
        let owner = || Arc::clone(application);
        match pattern.query() {
            Some(query) => owners
                .by_query
                .entry(query.to_owned())
                .or_insert_with(owner),
            None => owners.any_query.get_or_insert_with(owner),
        };
    }

    fn serves(&self, url: &ServiceUrl) -> bool {
        let port = match self.port {
            PatternPort::Any => true,
            PatternPort::Exact(port) => port == url.port,
        };
        port && self.scheme == url.scheme
    }

    /// Cuts the path segment by segment from its end: as many look-ups as it has segments, however
    /// many applications share the host.
    fn find(&self, path: &str, query: &str) -> Option<&Arc<Application>> {
        let exact = self.exact.get(path);
        if let Some(application) = exact.and_then(|owners| owners.of(query)) {
            return Some(application);
        }
        let mut prefix = path;
        loop {
            prefix = &prefix[..prefix.rfind('/')?];
            // Nothing follows the folder's slash: only what covers the folder itself has it.
            let folder_alone = prefix.len() + 1 == path.len() && query.is_empty();
            let beyond = self.beyond.get(prefix).filter(|_| !folder_alone);
            let below = self.below.get(prefix);
            let mut owners = beyond.into_iter().chain(below);
            if let Some(application) = owners.find_map(|owners| owners.of(query)) {
                return Some(application);
            }
        }
    }
}

impl Owners {
    fn of(&self, query: &str) -> Option<&Arc<Application>> {
        self.by_query.get(query).or(self.any_query.as_ref())
    }
}
