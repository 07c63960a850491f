//! A person with two numbers at an application that asks by which it shall know her.

use serde_json::json;

use crate::support::kit::{
    PASSWORD, STUDENT, audited_by, give_a_second_number, register, signed_in, ticket, validate,
};
use crate::support::{Campus, each_campus, login};

const SERVICE: &str = "https://meals.uni.edu.cn/in";

/// The student is on the staff too, and the canteen asks.
async fn two_numbers(campus: &Campus) {
    give_a_second_number(campus).await;
    let entry = json!({ "id": "meals", "name": { "zh-CN": "食堂", "en": "Canteen" },
        "cas": { "services": ["https://meals.uni.edu.cn/*"] }, "account_number": "ask" });
    register(campus, &entry).await;
}

#[tokio::test]
async fn a_number_is_asked_for_once_and_kept() {
    each_campus(async |campus| {
        two_numbers(campus).await;
        let mut visitor = signed_in(campus).await;
        let reply = visitor.get(&login(SERVICE)).await;
        let page = visitor.follow(reply).await;
        assert_eq!(page.page(), "choose_number", "{}", page.body());
        assert_eq!(
            campus.count("grants WHERE application_id = 'meals'").await,
            0
        );

        // Neither nothing nor somebody else's number is a choice.
        for bad in ["", "20230001", "t2026001 "] {
            let again = visitor.submit(&page, &[("number", bad)]).await;
            assert_eq!(again.page(), "choose_number", "{bad}");
        }
        let (onward, trail) = audited_by(campus, async || {
            visitor.submit(&page, &[("number", "t2026001")]).await
        })
        .await;
        assert_eq!(
            trail,
            ["cas.ticket.issue success -", "number.choose success -"]
        );
        let ticket_text = onward.ticket().expect("on with a ticket");
        assert_eq!(
            validate(campus, SERVICE, &ticket_text).await,
            Ok("T2026001".into())
        );
        let kept = ticket(&mut visitor, SERVICE).await;
        assert_eq!(
            validate(campus, SERVICE, &kept).await,
            Ok("T2026001".into())
        );
        // Other applications are not concerned.
        let elsewhere = ticket(&mut visitor, crate::support::SERVICE).await;
        let told = validate(campus, crate::support::SERVICE, &elsewhere).await;
        assert!(told.is_ok());
    })
    .await;
}

#[tokio::test] // TKT-06: what was shown is not forgotten while she is asked
async fn credentials_still_count_after_the_choice() {
    each_campus(async |campus| {
        two_numbers(campus).await;
        let mut visitor = campus.visitor();
        let reply = visitor.sign_in(SERVICE, STUDENT, PASSWORD).await;
        let page = visitor.follow(reply).await;
        assert_eq!(page.page(), "choose_number", "{}", page.body());
        let onward = visitor.submit(&page, &[("number", STUDENT)]).await;
        let ticket = onward.ticket().unwrap();
        let path = crate::support::kit::address(
            "/cas/p3/serviceValidate",
            &[("service", SERVICE), ("ticket", &ticket), ("renew", "true")],
        );
        let body = campus.visitor().get(&path).await.body();
        assert!(body.contains("<cas:isFromNewLogin>true<"), "{body}");
    })
    .await;
}

#[tokio::test] // the number of a ticket is the one of its issue
async fn a_number_that_ended_in_between_is_told_to_nobody() {
    each_campus(async |campus| {
        two_numbers(campus).await;
        let mut visitor = signed_in(campus).await;
        let reply = visitor.get(&login(SERVICE)).await;
        let page = visitor.follow(reply).await;
        let onward = visitor.submit(&page, &[("number", "t2026001")]).await;
        let ticket = onward.ticket().unwrap();
        campus
            .execute("UPDATE roster SET valid_until = 0 WHERE number = 't2026001'")
            .await;
        assert_eq!(
            validate(campus, SERVICE, &ticket).await,
            Err("INVALID_TICKET".into())
        );
    })
    .await;
}

#[tokio::test] // CAS 30: a choice that comes late is no answer to whether she wants to enter
async fn a_late_choice_confirms_nothing() {
    each_campus(async |campus| {
        two_numbers(campus).await;
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(crate::support::SERVICE).await;
        let fields = [
            ("username", STUDENT),
            ("password", PASSWORD),
            ("warn", "true"),
        ];
        let reply = visitor.submit(&page, &fields).await;
        visitor.leave_the_queue(reply).await;
        let mut tabs = Vec::new();
        for _ in 0..2 {
            let reply = visitor.get(&login(SERVICE)).await;
            tabs.push(visitor.follow(reply).await);
        }
        for tab in &tabs {
            let onward = visitor.submit(tab, &[("number", "t2026001")]).await;
            assert_eq!(onward.ticket(), None);
            let asked = visitor.follow(onward).await;
            assert_eq!(asked.page(), "enter_service", "{}", asked.body());
            assert!(asked.body().contains("T2026001"), "{}", asked.body());
        }
    })
    .await;
}
