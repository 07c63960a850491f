//! An import gives nobody power.

use idp::accounts::import::{FileError, HeaderError, ImportError};
use idp_storage::roles;
use migrations::IDP;
use migrations::testing::engines;

use crate::campus::{Campus, ID_A, ID_B, at};

#[tokio::test] // IMP-05
async fn an_administrator_is_never_overwritten() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        campus
            .lines(&format!(
                "a1,管理,{ID_A},职员,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"
            ))
            .await
            .unwrap();
        let admin = campus.person("a1").await.unwrap();
        let mut tx = db.write().await.unwrap();
        assert!(
            roles::grant(&mut tx, admin, roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();

        campus.options.reassign = true;
        for attack in [
            format!("a1,管理,{ID_A},职员,,,13900000000,,,\n"), // another phone to activate with
            format!("a1,他人,{ID_B},职员,,,,,,\n"),            // the number to somebody else
            format!("x9,他人,{ID_A},学生,,,,,,\n"),            // a further number
            format!("s2,王芳,{ID_A},学生,,,,,,\n"),            // the number of another to them
        ] {
            let bad = campus.bad(&attack).await;
            assert_eq!(bad.len(), 1, "{attack}");
            assert!(
                bad[0].reason.contains("administrator"),
                "{attack}: {}",
                bad[0]
            );
        }
        // What says nothing new is no attack.
        let same = campus
            .lines(&format!("a1,管理,{ID_A},职员,,,,,,\n"))
            .await
            .unwrap();
        assert_eq!(same.counts.unchanged, 1);
        assert_eq!(campus.person("a1").await, Some(admin));
    }
}

#[tokio::test] // IMP-05
async fn columns_that_would_give_power_are_refused_by_name() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let error = campus
            .import(format!("number,name,id_number,affiliation,role,password_hash,mfa_exempt\ns1,a,{ID_A},student,admin,x,1\n"))
            .await
            .unwrap_err();
        let ImportError::File(FileError::Header(HeaderError::Unknown(names))) = &error else {
            panic!("{error:?}");
        };
        assert_eq!(names, &["\"role\"", "\"password_hash\"", "\"mfa_exempt\""]);
        let missing = campus
            .import("number,姓名\ns1,a\n")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("id_number") && missing.contains("affiliation"),
            "{missing}"
        );
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}
