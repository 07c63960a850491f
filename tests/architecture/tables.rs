//! What may know what.

/// The parts, and what each may depend on. What is missing here is forbidden.
pub const PARTS: &[(&str, &str, &[&str])] = &[
    ("idp-domain", "idp/domain", &[]),
    ("idp-storage", "idp/storage", &["idp-domain", "migrations"]),
    (
        "idp",
        "idp",
        &["idp-domain", "idp-storage", "migrations", "themes"],
    ),
    ("portal-flow", "portal/flow", &[]),
    ("portal", "portal", &["portal-flow", "migrations", "themes"]),
    ("sms-gateway", "sms-gateway", &["migrations", "themes"]),
    ("migrations", "migrations", &[]),
    ("themes", "themes", &[]),
    // It tests a binary from outside.
    ("conformance-tests", "conformance-tests", &[]),
    // The one place where the parts meet.
    (
        "yimen",
        ".",
        &[
            "idp",
            "idp-domain",
            "idp-storage",
            "migrations",
            "portal",
            "sms-gateway",
            "themes",
        ],
    ),
];

/// The folders of `idp/src`, and the folders each may use. Root files are for everybody.
pub const FOLDERS: &[(&str, &[&str])] = &[
    ("pages", &[]),
    ("applications", &[]),
    ("config", &[]),
    ("egress", &["config"]),
    ("accounts", &["applications", "config", "pages"]),
    ("factors", &["applications", "config", "pages"]),
    ("sessions", &["applications", "config", "pages"]),
    (
        "logout",
        &["applications", "config", "egress", "pages", "sessions"],
    ),
    (
        "signin",
        &[
            "accounts",
            "applications",
            "config",
            "factors",
            "logout",
            "pages",
            "sessions",
        ],
    ),
    (
        "cas",
        &[
            "accounts",
            "applications",
            "config",
            "egress",
            "factors",
            "logout",
            "pages",
            "sessions",
            "signin",
        ],
    ),
    (
        "oidc",
        &[
            "accounts",
            "applications",
            "config",
            "egress",
            "factors",
            "logout",
            "pages",
            "sessions",
            "signin",
        ],
    ),
    (
        "admin",
        &[
            "accounts",
            "applications",
            "config",
            "factors",
            "pages",
            "sessions",
            "signin",
        ],
    ),
    (
        "jobs",
        &[
            "accounts",
            "applications",
            "config",
            "egress",
            "factors",
            "logout",
            "pages",
            "sessions",
            "signin",
            "cas",
            "oidc",
        ],
    ),
    ("demo", &["accounts", "applications", "config", "factors"]),
];

/// What would make the rules more than rules.
pub const NO_RULE: &[&str] = &[
    "axum",
    "futures",
    "futures-util",
    "hyper",
    "migrations",
    "reqwest",
    "sqlx",
    "themes",
    "tokio",
    "tracing",
];
