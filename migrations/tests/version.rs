//! A start compares the schema with the program.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use migrations::testing::empty_engines;
use migrations::{IDP, SMS, SchemaState, Set};

async fn states_in_turn(set: Set) {
    let newest = set.pairs()[0].last().unwrap().0;
    for db in empty_engines().await {
        let state = async || db.schema_state(set).await.unwrap();
        assert_eq!(state().await, SchemaState::Empty, "{}", db.engine_name());
        if newest > 1 {
            db.migrate_to(set, newest - 1).await.unwrap();
            assert_eq!(state().await, SchemaState::Behind, "{}", db.engine_name());
        }
        db.migrate(set).await.unwrap();
        assert_eq!(state().await, SchemaState::Current, "{}", db.engine_name());
    }
}

#[tokio::test]
async fn an_empty_database_becomes_current() {
    states_in_turn(IDP).await;
    states_in_turn(SMS).await;
}

#[tokio::test]
async fn the_sets_are_told_apart() {
    for db in empty_engines().await {
        db.migrate(IDP).await.unwrap();
        assert_eq!(db.schema_state(SMS).await.unwrap(), SchemaState::Empty);
    }
}
