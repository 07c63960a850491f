//! FLT-11: a configuration that can't be right stops the start, and one message names key and
//! place.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use support::{Said, Yimen};

fn check(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let yimen = Yimen::new();
    if !file.is_empty() {
        yimen.file("yimen.toml", file);
    }
    yimen.run_with(&[&["config", "check"], arguments].concat(), variables)
}

/// The one message, without its first word.
fn refusal(said: &Said) -> &str {
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    said.err.trim_end().strip_prefix("error: ").unwrap()
}

#[test]
fn no_file_is_needed() {
    let said = check("", &[], &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_column() {
    let said = check(
        "# ours\n[server]\nissuer = \"https://id.example.edu\"\nlissten = \"a\"\n",
        &[],
        &[],
    );
    assert_eq!(
        refusal(&said),
        "yimen.toml:4:1: server.lissten: unknown key; did you mean `listen`?"
    );
    let said = check("colour = 1\n", &[], &[]);
    assert!(
        refusal(&said).starts_with("yimen.toml:1:1: colour: unknown key; known here: data, server")
    );
    let said = check("[password.argon2]\nmemory = 1\n", &[], &[]);
    assert!(refusal(&said).starts_with("yimen.toml:2:1: password.argon2.memory: unknown key"));
}

#[test]
fn a_bad_value_is_named_with_its_place() {
    for (file, expected) in [
        (
            "[session]\nhours = 0\n",
            "yimen.toml:2:9: session.hours: 0 must be between 1 and 168",
        ),
        (
            "[session]\nhours = \"8\"\n",
            "yimen.toml:2:9: session.hours: is string \"8\", must be a whole number",
        ),
        (
            "session = 8\n",
            "yimen.toml:1:11: session: is integer `8`, must be a table",
        ),
        (
            "[server]\nlisten = \"8080\"\n",
            "yimen.toml:2:10: server.listen: invalid socket address",
        ),
        (
            "[server]\nissuer = \"http://id.example.edu\"\n",
            "yimen.toml:2:10: server.issuer: \"http://id.example.edu\" would send passwords in clear",
        ),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"0.0.0.0/0\"]\n",
            "yimen.toml:2:34: server.trusted_proxies.2: 0.0.0.0/0 is every address",
        ),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.0/33\"]\n",
            "yimen.toml:2:20: server.trusted_proxies.1: \"10.0.0.0/33\" is no address range",
        ),
        (
            "[server.tls]\ncert = \"a\"\n",
            "yimen.toml:1:1: server.tls.key: missing",
        ),
        (
            "[school]\ntimezone = \"Beijing\"\n",
            "yimen.toml:2:12: school.timezone: \"Beijing\" is no time zone",
        ),
        (
            "[activation]\nrequired = [\"face\"]\n",
            "yimen.toml:2:13: activation.required.1: \"face\" must be one of password, phone",
        ),
        (
            "[password.argon2]\npasses = 1\n",
            "password.argon2.memory_kib: 19456 is below OWASP's minimum",
        ),
        (
            "[limits]\ndelay_after = 3\n",
            "yimen.toml:2:15: limits.delay_after: must be more than limits.captcha_after",
        ),
        (
            "[database]\nurl = \"postgres://yimen:changeme@db/yimen\"\n",
            "yimen.toml:2:7: database.url: its password is a sample",
        ),
        (
            "[portal]\nlisten = \"0.0.0.0:8090\"\n",
            "portal.url: missing, since portal.listen = 0.0.0.0:8090",
        ),
        (
            "[portal]\nurl = \"http://localhost:8080\"\n",
            "yimen.toml:2:7: portal.url: must be another host or port than server.issuer",
        ),
        (
            "[server]\nissuer = \"https://id.example.edu\"\n[portal]\nurl = \"http://localhost:8090\"\n",
            "yimen.toml:4:7: portal.url: http://localhost:8090 can't be reached from other machines",
        ),
        (
            "[portal]\nlisten = \"127.0.0.1:8080\"\n",
            "yimen.toml:2:10: portal.listen: must differ from server.listen",
        ),
        (
            "[portal]\nclient_secret = \"change-me-please-now\"\n",
            "yimen.toml:2:17: portal.client_secret: is a sample",
        ),
        (
            "[portal]\nclient_secret = \"short\"\n",
            "yimen.toml:2:17: portal.client_secret: must have at least 16 characters",
        ),
        (
            "[sms]\nprovider = \"inbox\"\nsignature = \"一门大学\"\n",
            "yimen.toml:2:12: sms.provider: \"inbox\" keeps",
        ),
        ("[server\n", "yimen.toml:1:8: "),
    ] {
        let said = check(file, &[], &[]);
        assert!(refusal(&said).starts_with(expected), "{file}: {}", said.err);
    }
}

#[test]
fn a_missing_file_is_named() {
    let said = check("", &["--config", "none.toml"], &[]);
    assert!(refusal(&said).starts_with("none.toml: "), "{said:?}");
}

#[test]
fn variables_go_before_the_file_and_flags_before_both() {
    let yimen = Yimen::new();
    yimen.file("yimen.toml", "[server]\nlisten = \"127.0.0.1:1001\"\n[session]\nhours = 2\n[limits]\ncaptcha_after = 2\n");
    let variables = [
        ("YIMEN_SERVER__LISTEN", "127.0.0.1:1002"),
        ("YIMEN_SESSION__HOURS", "4"),
        ("YIMEN_SCHOOL__NAME__ZH_CN", "一门大学"),
        ("YIMEN_LIMITS__CAMPUS_NETWORKS", "10.0.0.0/8, 2001:db8::/32"),
        ("YIMEN_TEST_POSTGRES", "postgres://elsewhere"),
        ("YIMEN_LOG", "debug"),
    ];
    let said = yimen.run_with(
        &["config", "show", "--listen", "127.0.0.1:1003"],
        &variables,
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    for line in [
        "server.listen = \"127.0.0.1:1003\"  # --listen",
        "server.issuer = \"http://localhost:1003\"  # default",
        "session.hours = 4  # YIMEN_SESSION__HOURS",
        "school.name.zh-CN = \"一门大学\"  # YIMEN_SCHOOL__NAME__ZH_CN",
        "limits.campus_networks = [\"10.0.0.0/8\",\"2001:db8::/32\"]  # YIMEN_LIMITS__CAMPUS_NETWORKS",
        "limits.captcha_after = 2  # yimen.toml:6:17",
        "limits.delay_after = 10  # default",
    ] {
        assert!(said.out.lines().any(|l| l == line), "{line}\n{}", said.out);
    }
}

#[test]
fn an_unknown_variable_is_named() {
    let said = check(
        "",
        &[],
        &[("YIMEN_SERVER__ISUER", "https://id.example.edu")],
    );
    assert_eq!(
        refusal(&said),
        "YIMEN_SERVER__ISUER: server.isuer: unknown key; did you mean `issuer`?"
    );
    let said = check("", &[], &[("YIMEN_SERVER", "https://id.example.edu")]);
    assert!(
        refusal(&said).starts_with("YIMEN_SERVER: server: "),
        "{said:?}"
    );
    let said = check("", &[], &[("YIMEN_DATA__X", "1"), ("YIMEN_DATA", "y")]);
    assert!(refusal(&said).contains("YIMEN_DATA"), "{said:?}");
}

#[test]
fn a_bad_variable_or_flag_is_named() {
    let said = check("", &[], &[("YIMEN_SESSION__HOURS", "many")]);
    assert!(
        refusal(&said).starts_with("YIMEN_SESSION__HOURS: session.hours: "),
        "{said:?}"
    );
    let said = check("", &["--trusted-proxies", "10.0.0.0/8,0.0.0.0/0"], &[]);
    assert!(
        refusal(&said).starts_with("--trusted-proxies: server.trusted_proxies"),
        "{said:?}"
    );
    let said = check("", &["--database", "mysql://u:s3cr@db/x"], &[]);
    assert!(
        refusal(&said).starts_with("--database: database.url: must start with sqlite://"),
        "{said:?}"
    );
    assert!(!said.err.contains("s3cr"), "{said:?}");
}

#[test]
fn a_public_listener_needs_an_issuer() {
    let said = check("", &["--listen", "0.0.0.0:8080"], &[]);
    assert!(
        refusal(&said).starts_with("server.issuer: missing"),
        "{said:?}"
    );
    let said = check(
        "",
        &[
            "--listen",
            "0.0.0.0:8080",
            "--issuer",
            "https://id.example.edu",
        ],
        &[],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_demo_is_for_loopback_only() {
    for (flags, expected) in [
        (
            ["--issuer", "https://id.example.edu"],
            "--issuer: server.issuer: must be a loopback address with --demo",
        ),
        (
            ["--listen", "0.0.0.0:8080"],
            "--listen: server.listen: must be a loopback address with --demo",
        ),
        (
            ["--management", "0.0.0.0:9090"],
            "--management: server.management: must be a loopback address",
        ),
    ] {
        let said = check("", &[&["--demo"], &flags[..]].concat(), &[]);
        assert!(refusal(&said).starts_with(expected), "{said:?}");
    }
    assert_eq!(check("", &["--demo"], &[]).code, Some(0));
}

#[test]
fn secrets_are_masked() {
    let yimen = Yimen::new();
    let said = yimen.run(&[
        "config",
        "show",
        "--database",
        "postgres://yimen:s3cr3t-77@db/yimen",
    ]);
    assert!(said.out.contains("postgres://…@db/yimen"), "{said:?}");
    assert!(!said.out.contains("s3cr3t"), "{said:?}");
}

#[test]
fn the_schema_knows_every_key_and_refuses_others() {
    let said = Yimen::new().run(&["config", "schema"]);
    let schema: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let sections: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for section in [
        "server",
        "data",
        "database",
        "school",
        "activation",
        "password",
        "session",
        "limits",
        "notice",
        "sms",
    ] {
        assert!(sections.iter().any(|s| *s == section), "{section}");
    }
    assert!(
        said.out.contains("\"maximum\": 168"),
        "bounds are in the schema"
    );
}

/// The documentation names every key of the schema.
#[test]
fn every_key_is_documented_in_both_languages() {
    let schema: serde_json::Value =
        serde_json::from_str(&Yimen::new().run(&["config", "schema"]).out).unwrap();
    let mut keys = Vec::new();
    collect(&schema, &schema, "", &mut keys);
    assert!(keys.len() > 40, "{keys:?}");
    for file in ["configuration.md", "configuration.zh-CN.md"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| !text.contains(&format!("`{key}`")))
            .collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
}

/// The dotted names of all leaves below a schema.
fn collect(
    root: &serde_json::Value,
    schema: &serde_json::Value,
    key: &str,
    keys: &mut Vec<String>,
) {
    let schema = match schema["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix('#'))
    {
        Some(pointer) => root.pointer(pointer).unwrap(),
        None => schema,
    };
    let choices = schema["anyOf"].as_array();
    if let Some(section) = choices
        .into_iter()
        .flatten()
        .find(|choice| choice.get("$ref").is_some())
    {
        collect(root, section, key, keys);
    } else if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            let inner = if key.is_empty() {
                name.clone()
            } else {
                format!("{key}.{name}")
            };
            collect(root, property, &inner, keys);
        }
    } else {
        keys.push(key.to_owned());
    }
}

#[test]
fn the_samples_of_the_documentation_pass() {
    for name in [
        "configuration.md",
        "configuration.zh-CN.md",
        "install.md",
        "install.zh-CN.md",
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let (_, sample) = text.split_once("```toml\n").unwrap();
        let (sample, _) = sample.split_once("```").unwrap();
        let said = check(sample, &[], &[]);
        assert_eq!(said.code, Some(0), "{name}: {said:?}");
    }
}
