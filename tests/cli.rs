//! The command line, as a user meets it.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use support::Yimen;

/// Every command, walked from the help of the one above it.
fn commands(yimen: &Yimen, above: &[String], all: &mut Vec<Vec<String>>) {
    let arguments: Vec<&str> = above.iter().map(String::as_str).chain(["--help"]).collect();
    let help = yimen.run(&arguments).out;
    all.push(above.to_vec());
    let listed = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    for line in listed {
        let Some(name) = line
            .strip_prefix("  ")
            .filter(|line| !line.starts_with(' '))
        else {
            continue;
        };
        let name = name.split_whitespace().next().unwrap();
        if name != "help" {
            commands(yimen, &[above, &[name.to_owned()]].concat(), all);
        }
    }
}

#[test]
fn the_help_of_every_command_has_examples() {
    let yimen = Yimen::new();
    let mut all = Vec::new();
    commands(&yimen, &[], &mut all);
    assert!(all.len() >= 20, "{all:?}");
    for command in all {
        let arguments: Vec<&str> = command
            .iter()
            .map(String::as_str)
            .chain(["--help"])
            .collect();
        let said = yimen.run(&arguments);
        assert_eq!(said.code, Some(0));
        assert!(
            said.out.contains("Examples:\n  yimen "),
            "yimen {command:?}:\n{}",
            said.out
        );
        assert!(!said.out.contains('\x1b'), "no colour where nobody sees it");
    }
}

#[test]
fn a_mistake_on_the_command_line_ends_with_2() {
    let yimen = Yimen::new();
    assert_eq!(yimen.run(&["uq"]).code, Some(2));
    assert_eq!(yimen.run(&["activation", "lift"]).code, Some(2));
    assert_eq!(
        yimen.run(&["config", "check", "--tls-cert", "a"]).code,
        Some(2)
    );
}

#[test]
fn the_first_command_makes_database_and_key_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let yimen = Yimen::new();
    let said = yimen.run(&["admin", "list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:?}");
    let said = yimen.run(&["admin", "grant", "10001"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("nobody has the number 10001"), "{said:?}");
    let mode = |name: &str| {
        std::fs::metadata(yimen.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("data"), mode("data/master.key")), (0o700, 0o600));
}

#[test]
fn data_without_their_key_stop_every_command() {
    let yimen = Yimen::new();
    yimen.run(&["activation", "lift", "--all"]);
    let key = yimen.path().join("data/master.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let said = yimen.run(&["activation", "lift", "--all"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err
            .contains("put back data/master.key or set YIMEN_MASTER_KEY"),
        "{said:?}"
    );
    assert!(!key.exists(), "no new key is made beside data");

    let other = "3f9ac25b7e104d8866b1f0a7d2c94e5b0817f3d6a9e2c4b5708192a3b4c5d6e7";
    let said = yimen.run_with(
        &["activation", "lift", "--all"],
        &[("YIMEN_MASTER_KEY", other)],
    );
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err
            .contains("not the one that the data were encrypted with"),
        "{said:?}"
    );

    let right = String::from_utf8(kept).unwrap();
    let said = yimen.run_with(
        &["activation", "lift", "--all"],
        &[("YIMEN_MASTER_KEY", &right)],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn the_doctor_says_what_it_found_and_ends_accordingly() {
    let yimen = Yimen::new();
    for id in ["library", "Not an id"] {
        let said = yimen.run(&["application", "doctor", id]);
        assert_eq!(said.code, Some(2), "{said:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    yimen.file(
        "library.json",
        &format!(
            r#"{{ "id": "library", "name": {{ "zh-CN": "图书馆", "en": "Library" }},
                "cas": {{ "services": ["http://127.0.0.1:{port}/*"], "plain_http": true }} }}"#
        ),
    );
    let said = yimen.run(&["import", "applications", "library.json", "--demo"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let doctor = ["application", "doctor", "library", "--demo"];
    let said = yimen.run(&doctor);
    assert_eq!(said.code, Some(1), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines[0].starts_with("✓ entry "), "{said:?}");
    assert!(lines[1].starts_with("✗ network "), "{said:?}");
    assert!(
        lines[1].ends_with("nobody listens on this port"),
        "{said:?}"
    );
    assert_eq!(
        lines[2].trim(),
        "in the network: start the application, or correct the port in the entry"
    );
    assert_eq!(lines[3], "library: one thing is wrong");
    let said = yimen.run(&[&doctor[..], &["--json"]].concat());
    assert_eq!(said.code, Some(1), "{said:?}");
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(found["well"], false);
    assert_eq!(found["findings"][1]["side"], "network");
    assert_eq!(
        found["findings"][1]["seen"]["trouble"]["trouble"],
        "refused"
    );
    // Without --demo the entry is none that a school's server would use.
    let said = yimen.run(&["application", "doctor", "library"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("every server leaves it out"), "{said:?}");
    let elsewhere = ["--service", "http://127.0.0.1:1/"];
    let said = yimen.run(&[&doctor[..], &elsewhere].concat());
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[test]
fn an_application_is_imported_shown_and_removed() {
    let yimen = Yimen::new();
    yimen.file(
        "library.json",
        r#"{ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
             "cas": { "services": ["https://lib.example.edu/*"] }, "release": ["name"] }"#,
    );
    let said = yimen.run(&["import", "applications", "library.json", "--dry-run"]);
    assert!(
        said.out
            .starts_with("1 added, 0 changed, 0 unchanged (dry run"),
        "{said:?}"
    );
    assert_eq!(yimen.run(&["application", "list"]).out, "");
    let said = yimen.run(&["import", "applications", "library.json"]);
    assert_eq!(said.out, "1 added, 0 changed, 0 unchanged\n", "{said:?}");
    assert_eq!(
        yimen.run(&["application", "list"]).out,
        "library\t图书馆\thttps://lib.example.edu/*\n"
    );
    let shown = yimen.run(&["application", "show", "library"]).out;
    for key in ["\"enabled\": true", "\"account_number\": \"latest\""] {
        assert!(shown.contains(key), "{shown}");
    }
    yimen.file(
        "again.json",
        &yimen.run(&["application", "show", "library"]).out,
    );
    let said = yimen.run(&["import", "applications", "again.json"]);
    assert_eq!(said.out, "0 added, 0 changed, 1 unchanged\n", "{said:?}");
    let off = shown.replace("\"enabled\": true", "\"enabled\": false");
    yimen.file("off.json", &off);
    let said = yimen.run(&["import", "applications", "off.json"]);
    assert_eq!(said.out, "0 added, 1 changed, 0 unchanged\n", "{said:?}");
    assert_eq!(
        yimen.run(&["application", "list"]).out,
        "library\t图书馆\thttps://lib.example.edu/*\tdisabled\n"
    );
    assert_eq!(
        yimen.run(&["application", "remove", "library"]).code,
        Some(0)
    );
    assert_eq!(
        yimen.run(&["application", "remove", "library"]).code,
        Some(1)
    );
}

#[test]
fn an_oidc_client_is_registered_by_its_file_and_its_secret_is_nowhere() {
    let yimen = Yimen::new();
    yimen.file(
        "clients.json",
        r#"[{ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
              "oidc": { "client_id": "lib-2026", "client_secret": "never seen again",
                "redirect_uris": ["https://lib.example.edu/cb"] } },
            { "id": "grades", "name": { "zh-CN": "成绩", "en": "Grades" },
              "cas": { "services": ["https://grades.example.edu/*"] },
              "oidc": { "token_endpoint_auth_method": "none",
                "redirect_uris": ["https://grades.example.edu/cb"] } },
            { "id": "bus", "name": { "zh-CN": "班车", "en": "Bus" },
              "listed": { "url": "https://bus.example.edu/",
                "category": { "zh-CN": "生活", "en": "Life" },
                "description": { "zh-CN": "校车时刻", "en": "When it leaves" } } }]"#,
    );
    let import = ["import", "applications", "clients.json"];
    let said = yimen.run(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        said.out,
        "3 added, 0 changed, 0 unchanged (dry run, nothing was changed)\n\
         client_id lib-2026\nclient_id grades\n",
        "{said:?}"
    );
    assert_eq!(yimen.run(&import).code, Some(0));
    assert_eq!(
        yimen.run(&["application", "list"]).out,
        "bus\t班车\tlisted=https://bus.example.edu/\n\
         grades\t成绩\thttps://grades.example.edu/* client_id=grades https://grades.example.edu/cb\n\
         library\t图书馆\tclient_id=lib-2026 https://lib.example.edu/cb\n"
    );
    let shown = yimen.run(&["application", "show", "library"]).out;
    // printf %s 'never seen again' | sha256sum
    let hash = "1f7afe4209189127341a2562df87febcf7fdb0ba626bfdc8ea1dfd2a05573e4e";
    assert!(
        shown.contains(hash) && !shown.contains("never seen"),
        "{shown}"
    );
    yimen.file("shown.json", &shown);
    let said = yimen.run(&["import", "applications", "shown.json"]);
    assert_eq!(said.out, "0 added, 0 changed, 1 unchanged\n", "{said:?}");

    yimen.file(
        "taken.json",
        r#"{ "id": "other", "name": { "zh-CN": "甲", "en": "A" },
             "oidc": { "client_id": "grades", "client_secret": "too short",
               "redirect_uris": ["https://a.example.edu/cb", "https://a.example.edu/*"] } }"#,
    );
    let said = yimen.run(&["import", "applications", "taken.json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for place in ["oidc.redirect_uris[1]: ", "oidc.client_secret: must be 16"] {
        assert!(said.err.contains(place), "{said:?}");
    }
    assert!(!said.err.contains("too short"), "{said:?}");
    let good = r#"{ "id": "other", "name": { "zh-CN": "甲", "en": "A" },
        "oidc": { "client_id": "grades", "client_secret": "long enough for a test",
          "redirect_uris": ["https://a.example.edu/cb"] } }"#;
    yimen.file("taken.json", good);
    let said = yimen.run(&["import", "applications", "taken.json"]);
    assert!(
        said.err
            .contains(r#"the client id "grades" is claimed by both "grades" and "other""#),
        "{said:?}"
    );
}

#[test]
fn the_ledger_of_logouts_is_read_by_application_person_and_day() {
    let yimen = Yimen::new();
    let said = yimen.run(&["application", "logouts"]);
    assert_eq!(
        said.out,
        "application\twaiting\tretrying\thanded\tshown\tdelivered\ttold\tfailed\tskipped\n",
        "{said:?}"
    );
    let of_library = ["application", "logouts", "--application", "library"];
    let said = yimen.run(&of_library);
    assert_eq!(
        said.out, "ended\tbecause\tnumber\tapplication\tstate\ttries\treason\n",
        "{said:?}"
    );
    let said = yimen.run(&["application", "logouts", "--person", "20239999"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("nobody has the number 20239999"),
        "{said:?}"
    );
    let said = yimen.run(&["application", "logouts", "--since", "yesterday"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

const HEADER: &str = "学工号,姓名,证件号,人员类型,部门\n";

#[test]
fn people_are_imported_and_get_their_codes() {
    let yimen = Yimen::new();
    yimen.file(
        "people.csv",
        &format!("{HEADER}20230001,张三,11010519491231002X,student,计算机学院\n"),
    );
    let said = yimen.run(&["import", "people", "people.csv", "--dry-run"]);
    assert!(
        said.out.starts_with("1 lines: 1 new") && said.out.contains("dry run"),
        "{said:?}"
    );
    let said = yimen.run(&["import", "people", "people.csv"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = yimen.run(&["activation", "print", "--org", "计算机学院"]);
    assert_eq!(said.out.lines().count(), 2, "{said:?}");
    assert!(
        said.out.contains("\"20230001\",\"张三\",\"计算机学院\","),
        "{said:?}"
    );
    let said = yimen.run(&[
        "activation",
        "print",
        "--org",
        "外国语学院",
        "--output",
        "codes.html",
        "--format",
        "html",
    ]);
    assert!(said.err.contains("0 codes are in codes.html"), "{said:?}");
    assert_eq!(yimen.run(&["activation", "lift", "20230001"]).code, Some(0));
    let said = yimen.run(&["activation", "lift", "20230001", "20239999"]);
    assert!(
        said.err.contains("nobody has the number 20239999"),
        "{said:?}"
    );
    let said = yimen.run(&["admin", "grant", "20230001"]);
    assert!(said.err.contains("is now an administrator"), "{said:?}");
    assert_eq!(
        yimen.run(&["admin", "list"]).out,
        "20230001\t张三\tadministrator\n"
    );
    let said = yimen.run(&["admin", "revoke", "20230001"]);
    assert!(
        said.err.contains("is no administrator any more"),
        "{said:?}"
    );
}

#[test]
fn a_group_is_filled_shown_and_emptied() {
    let yimen = Yimen::new();
    yimen.file(
        "people.csv",
        &format!("{HEADER}20230001,张三,11010519491231002X,student,计算机学院\n20230002,李四,110101199003070177,student,计算机学院\n"),
    );
    assert_eq!(yimen.run(&["import", "people", "people.csv"]).code, Some(0));
    let said = yimen.run(&["group", "add", "lab", "20230001"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("lab: 1 added, 0 removed"), "{said:?}");
    assert_eq!(yimen.run(&["group", "list"]).out, "lab\t1\n");
    assert_eq!(yimen.run(&["group", "show", "lab"]).out, "20230001\t张三\n");

    yimen.file("bad.txt", "20230002\n20239999\n\n");
    let said = yimen.run(&["group", "import", "lab", "bad.txt"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("line 2: nobody has the number 20239999"),
        "{said:?}"
    );
    yimen.file("good.txt", "\u{feff}# 2026\r\n20230002\r\n");
    let replace = ["group", "import", "lab", "good.txt", "--replace"];
    let dry = yimen.run(&[&replace[..], &["--dry-run"]].concat());
    assert!(
        dry.out.starts_with("lab: 1 added, 1 removed (dry run"),
        "{dry:?}"
    );
    let said = yimen.run(&replace);
    assert_eq!(said.out, "lab: 1 added, 1 removed\n", "{said:?}");
    assert_eq!(yimen.run(&["group", "show", "lab"]).out, "20230002\t李四\n");
    assert_eq!(
        yimen.run(&["group", "remove", "lab", "20230002"]).code,
        Some(0)
    );
    assert_eq!(yimen.run(&["group", "list"]).out, "");
    let said = yimen.run(&["group", "add", "Lab", "20230001"]);
    assert!(said.err.contains("\"Lab\": must be 1 to 64"), "{said:?}");
}

#[test] // OID-30
fn tokens_for_registration_are_made_listed_and_taken_back() {
    let yimen = Yimen::new();
    let token = |arguments: &[&str]| yimen.run(&[&["application", "token"], arguments].concat());
    let made = token(&[
        "make",
        "课程 4711",
        "--uses",
        "30",
        "--release",
        "name,email",
    ]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.starts_with("IT-"), "{made:?}");
    assert!(
        made.err.contains("set oidc.registration = true"),
        "{made:?}"
    );
    let other = token(&["make", "Physics", "--host", "Physics.example.edu"]);
    let open = [("YIMEN_OIDC__REGISTRATION", "true")];
    let quiet = yimen.run_with(&["application", "token", "make", "x"], &open);
    assert!(!quiet.err.contains("oidc.registration"), "{quiet:?}");

    let listed = token(&["list"]).out;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    let line = lines
        .iter()
        .find(|line| line.contains("课程 4711"))
        .unwrap();
    assert!(line.contains("\tuses left 30\tuntil 20"), "{line}");
    assert!(line.ends_with("\trelease name,email\thosts -"), "{line}");
    assert!(listed.contains("\trelease -\thosts physics.example.edu"));
    for secret in [made.out.trim(), other.out.trim()] {
        assert!(!listed.contains(secret), "{listed}");
    }

    let id = line.split('\t').next().unwrap();
    assert_eq!(token(&["revoke", id]).code, Some(0));
    let again = token(&["revoke", id]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("there is no token"), "{again:?}");
    // One that was found somewhere is taken back by itself.
    assert_eq!(token(&["revoke", other.out.trim()]).code, Some(0));
    assert_eq!(token(&["list"]).out.lines().count(), 1);
}

#[test]
fn a_token_for_registration_that_can_not_be_made_is_explained() {
    let yimen = Yimen::new();
    for (arguments, code, says) in [
        (
            &["", "--uses", "1"],
            1,
            "the label must be 1 to 120 characters",
        ),
        (
            &["x", "--host", "https://a.example"],
            1,
            "\"https://a.example\" is no host name",
        ),
        (
            &["x", "--release", "password"],
            2,
            "is no attribute of people",
        ),
        (&["x", "--uses", "0"], 2, "0 is not in 1..=1000"),
        (&["x", "--days", "366"], 2, "366 is not in 1..=365"),
    ] {
        let said = yimen.run(&[&["application", "token", "make"], &arguments[..]].concat());
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.err.contains(says), "{said:?}");
    }
}

#[test] // OID-31
fn signing_keys_are_made_listed_and_replaced() {
    let yimen = Yimen::new();
    let said = yimen.run(&["keys", "list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.err.contains("There are no keys yet"), "{said:?}");
    let said = yimen.run(&["keys", "rotate"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let told = format!("{algorithm}: key 1 signs from ");
        assert!(said.err.contains(&told), "{said:?}");
    }
    let listed = yimen.run(&["keys", "list"]).out;
    assert_eq!(listed.matches("\tsigns since ").count(), 4, "{listed}");
    let said = yimen.run(&["keys", "rotate"]);
    assert!(said.err.contains("EdDSA: key 2 signs from "), "{said:?}");
    let said = yimen.run(&["keys", "rotate"]);
    assert!(said.err.contains("wait for their time"), "{said:?}");
    let said = yimen.run(&["keys", "rotate", "--now"]);
    assert!(said.err.contains("EdDSA: key 2 signs from "), "{said:?}");
    let listed = yimen.run(&["keys", "list"]).out;
    assert_eq!(listed.lines().count(), 8, "{listed}");
    assert!(
        !listed.contains("PRIVATE") && !listed.contains("damaged"),
        "{listed}"
    );
}

#[test] // OID-31: a key that somebody else may have
fn a_signing_key_that_signs_no_more_can_be_withdrawn() {
    let yimen = Yimen::new();
    let kids = || -> Vec<String> {
        let listed = yimen.run(&["keys", "list"]).out;
        let of_it = listed.lines().filter(|line| line.starts_with("ES256"));
        let kids = of_it.map(|line| line.rsplit('\t').next().unwrap().to_owned());
        kids.collect()
    };
    yimen.run(&["keys", "rotate"]);
    yimen.run(&["keys", "rotate"]);
    let [next, signs] = <[String; 2]>::try_from(kids()).unwrap();
    for (kid, because) in [
        (&next, "signs, or waits to"),
        (&signs, "signs, or waits to"),
        (&"nobody's".to_owned(), "no key has the id"),
    ] {
        let said = yimen.run(&["keys", "withdraw", kid]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(because), "{said:?}");
    }
    assert_eq!(kids(), [next, signs]);
}

#[test]
fn one_bad_line_imports_nothing_and_is_named() {
    let yimen = Yimen::new();
    yimen.file(
        "people.csv",
        &format!("{HEADER}20230001,张三,11010519491231002X,student,计算机学院\n20230002,李四,110105194912310021,student,计算机学院\n"),
    );
    let said = yimen.run(&["import", "people", "people.csv"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("line 3, ") && said.err.contains("nothing was imported"),
        "{said:?}"
    );
    let said = yimen.run(&["admin", "grant", "20230001"]);
    assert!(said.err.contains("nobody has the number"), "{said:?}");
    let said = yimen.run(&["import", "people", "people.csv", "--skip-bad"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("people.bad.csv"), "{said:?}");
    assert!(
        std::fs::read_to_string(yimen.path().join("people.bad.csv"))
            .unwrap()
            .contains("20230002")
    );
    assert_eq!(yimen.run(&["admin", "grant", "20230001"]).code, Some(0));
}

#[test]
fn an_empty_inbox_is_an_empty_array() {
    let said = Yimen::new().run(&["inbox", "--json", "--to", "13800000001"]);
    assert_eq!(said.out, "[]\n", "{said:?}");
}

#[test]
fn a_demonstration_never_shares_a_database_with_a_school() {
    let yimen = Yimen::new();
    yimen.file(
        "people.csv",
        &format!("{HEADER}20230001,张三,11010519491231002X,student,计算机学院\n"),
    );
    assert_eq!(yimen.run(&["import", "people", "people.csv"]).code, Some(0));
    let said = yimen.run(&["up", "--demo"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("holds a school's people"), "{said:?}");
}

#[test]
fn a_hall_alone_names_what_it_is_missing() {
    let yimen = Yimen::new();
    let said = yimen.run(&["portal"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("portal.issuer: missing"), "{said:?}");
    let issuer = ["portal", "--issuer", "https://id.example.edu"];
    let said = yimen.run(&issuer);
    assert!(
        said.err.contains("portal.client_secret: missing"),
        "{said:?}"
    );
    yimen.file("secret", "short\n");
    let said = yimen.run_with(&issuer, &[("YIMEN_PORTAL__CLIENT_SECRET_FILE", "secret")]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err
            .contains("YIMEN_PORTAL__CLIENT_SECRET_FILE: portal.client_secret_file: must have"),
        "{said:?}"
    );
    assert!(!yimen.path().join("data").exists(), "nothing was begun");
}
