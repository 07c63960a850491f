//! What the service desk does, on each engine: activation codes, caps, roles, groups.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::collections::BTreeMap;

use idp::accounts::activation_codes::{CodePrinter, PrintedCode};
use idp::accounts::groups::{self, Plan, PlanError, Wish};
use idp::accounts::import::{ImportOptions, import_people};
use idp::accounts::{UnknownNumber, initial_cap, roles};
use idp_domain::accounts::{AccountNumber, GroupName, InitialRule};
use idp_domain::audit::Event;
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, MasterKey};
use idp_storage::{activation_codes, audit, persons};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use migrations::testing::{TestDb, engines};
use rand::SeedableRng;
use rand::rngs::StdRng;

const NOW: &str = "2026-11-21T08:00:00Z";
const LATER: &str = "2026-12-21T08:00:00Z";

/// 20190007 and M2023007 are one person.
const PEOPLE: &str = "学工号,姓名,证件号,人员类型,部门
20230001,张三,11010519491231002X,student,计算机学院/软件工程系
20230002,李四,110101199003070177,student,外国语学院
20190007,王五,110101199003070097,student,计算机学院
M2023007,王五,110101199003070097,student,计算机学院
";

struct Given {
    db: TestDb,
    /// Boxed: sixteen pairs of keys are large to move about.
    keys: Box<Keyring>,
    rng: StdRng,
    now: Timestamp,
}

async fn on_each_engine(test: impl AsyncFn(Given)) {
    for db in Box::pin(engines(&[migrations::IDP])).await {
        let mut rng = StdRng::seed_from_u64(11);
        let keys = Box::new(Keyring::new(&MasterKey::generate(&mut rng)));
        let now: Timestamp = NOW.parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        std::fs::write(&file, PEOPLE).unwrap();
        let options = ImportOptions::new(InitialRule::Last6, TimeZone::UTC);
        let progress = &mut |_| {};
        let import = import_people(&db, &keys, &file, &options, || now, &mut rng, progress);
        Box::pin(import).await.unwrap();
        let given = Given { db, keys, rng, now };
        Box::pin(test(given)).await;
    }
}

impl Given {
    async fn print(&mut self, org: &str) -> BTreeMap<String, PrintedCode> {
        let mut printer = CodePrinter::new(&self.db, &self.keys, org, LATER.parse().unwrap());
        let mut all = BTreeMap::new();
        while let Some(codes) = printer.next_batch(self.now, &mut self.rng).await.unwrap() {
            all.extend(codes.into_iter().map(|code| (code.number.clone(), code)));
        }
        all
    }

    async fn person(&self, text: &str) -> PersonId {
        let parsed = number(text);
        persons::id_of_number(&mut self.db.read().await.unwrap(), parsed.as_str())
            .await
            .unwrap()
            .unwrap()
    }

    /// True when the code opens the account of `number` now.
    async fn opens(&self, code: &PrintedCode, number: &str) -> bool {
        let parsed = AccountNumber::parse(number).unwrap();
        let mut conn = self.db.read().await.unwrap();
        let account = persons::for_sign_in(&mut conn, parsed.as_str())
            .await
            .unwrap()
            .unwrap();
        account.live_code(self.now) == Some(code.code.mac(&self.keys, account.person))
    }

    async fn recorded(&self, event: Event) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        audit::count(&mut conn, event, Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
    }
}

fn number(text: &str) -> AccountNumber {
    AccountNumber::parse(text).unwrap()
}

#[tokio::test]
async fn a_new_code_takes_the_place_of_the_old_one() {
    on_each_engine(async |mut given| {
        let first = given.print("").await;
        let second = given.print("").await;
        assert!(
            !given.opens(&first["20230001"], "20230001").await,
            "an old code"
        );
        assert!(
            !given.opens(&second["20230002"], "20230001").await,
            "another's code"
        );
        assert!(given.opens(&second["20230001"], "20230001").await);
        let person = given.person("20230001").await;
        let mut tx = given.db.write().await.unwrap();
        assert!(
            activation_codes::use_up(&mut tx, person, given.now)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert!(
            !given.opens(&second["20230001"], "20230001").await,
            "a used code"
        );
    })
    .await;
}

#[tokio::test]
async fn a_person_with_two_numbers_gets_one_code_that_is_good() {
    on_each_engine(async |mut given| {
        let codes = given.print("").await;
        assert_eq!(
            codes.keys().collect::<Vec<_>>(),
            ["20190007", "20230001", "20230002"]
        );
        assert!(given.opens(&codes["20190007"], "M2023007").await);
        assert_eq!(given.recorded(Event::ActivationCodePrinted).await, 3);
    })
    .await;
}

#[tokio::test]
async fn an_org_unit_has_those_below_it() {
    on_each_engine(async |mut given| {
        let codes = given.print("计算机学院").await;
        assert_eq!(codes.keys().collect::<Vec<_>>(), ["20190007", "20230001"]);
        assert_eq!(
            given.print("计算机").await.len(),
            0,
            "a prefix of a name is no unit"
        );
    })
    .await;
}

#[tokio::test]
async fn a_cap_is_lifted_for_those_named_or_for_nobody() {
    on_each_engine(async |mut given| {
        for account in ["20230001", "20230002"] {
            let person = given.person(account).await;
            let mut tx = given.db.write().await.unwrap();
            assert!(
                persons::reserve_initial_try(&mut tx, person, 1)
                    .await
                    .unwrap()
            );
            assert!(
                !persons::reserve_initial_try(&mut tx, person, 1)
                    .await
                    .unwrap()
            );
            tx.commit().await.unwrap();
        }
        let (now, rng) = (given.now, &mut given.rng);
        let unknown = initial_cap::lift(
            &given.db,
            &[number("20230001"), number("20239999")],
            now,
            rng,
        )
        .await;
        assert!(
            matches!(unknown, Err(UnknownNumber::Nobody(_))),
            "{unknown:?}"
        );
        assert_eq!(
            initial_cap::lift(&given.db, &[number("20230001")], now, rng)
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            initial_cap::lift_all(&given.db, now, rng).await.unwrap(),
            1,
            "the other one alone"
        );
        assert_eq!(given.recorded(Event::InitialCapLifted).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_role_is_granted_and_revoked_once() {
    on_each_engine(async |mut given| {
        let (now, rng) = (given.now, &mut given.rng);
        let who = number("20230001");
        assert!(roles::grant(&given.db, &who, now, rng).await.unwrap());
        assert!(!roles::grant(&given.db, &who, now, rng).await.unwrap());
        let holders = roles::list(&mut given.db.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(holders[0].display_number, "20230001");
        assert!(roles::revoke(&given.db, &who, now, rng).await.unwrap());
        assert!(!roles::revoke(&given.db, &who, now, rng).await.unwrap());
        assert!(
            roles::list(&mut given.db.read().await.unwrap())
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(given.recorded(Event::RoleGranted).await, 1);
        assert_eq!(given.recorded(Event::RoleRevoked).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_group_becomes_what_was_wished_and_each_change_is_audited_once() {
    on_each_engine(async |mut given| {
        let group = GroupName::parse("exam-2026").unwrap();
        let mut wish = async |numbers: &[&str], wish| {
            let numbers: Vec<_> = numbers.iter().map(|n| number(n)).collect();
            let mut conn = given.db.read().await.unwrap();
            let plan = groups::plan(&mut conn, &group, &numbers, wish).await?;
            drop(conn);
            let (now, rng) = (given.now, &mut given.rng);
            groups::apply(&given.db, &group, &plan, now, rng).await?;
            Ok::<_, PlanError>((plan.add.len(), plan.remove.len()))
        };
        // Two numbers of one person are one member.
        let all = ["20230001", "20190007", "M2023007"];
        assert_eq!(wish(&all, Wish::Add).await.unwrap(), (2, 0));
        assert_eq!(wish(&all, Wish::Add).await.unwrap(), (0, 0));
        let unknown = wish(&["20230002", "x1", "x2"], Wish::Add)
            .await
            .unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "nobody has the number x1\nnobody has the number x2"
        );
        assert_eq!(
            wish(&["20230002", "m2023007"], Wish::Replace)
                .await
                .unwrap(),
            (1, 1)
        );
        assert_eq!(
            wish(&["20230001", "20190007"], Wish::Remove).await.unwrap(),
            (0, 1)
        );
        let mut conn = given.db.read().await.unwrap();
        let members = groups::members(&mut conn, &group).await.unwrap();
        assert_eq!(members.len(), 1);
        assert_eq!(members[0].display_number, "20230002");
        drop(conn);
        assert_eq!(given.recorded(Event::GroupChanged).await, 5);
        // A plan that was overtaken changes nothing, and says nothing.
        let plan = Plan {
            add: Vec::new(),
            remove: vec![PersonId(uuid::Uuid::nil())],
        };
        let (now, rng) = (given.now, &mut given.rng);
        groups::apply(&given.db, &group, &plan, now, rng)
            .await
            .unwrap();
        assert_eq!(given.recorded(Event::GroupChanged).await, 5);
    })
    .await;
}
