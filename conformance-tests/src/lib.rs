//! Black-box tests: the real binary and real clients. The library is the harness that the tests
//! under `tests/` and the tools under `src/bin/` share; it uses no crate of the server, only what
//! a school, a browser or an application sees. What each test needs and shows: `README.md`.

pub mod apache;
pub mod application;
pub mod binary;
pub mod browser;
pub mod campus;
pub mod cas;
pub mod control;
pub mod demo;
pub mod document;
pub mod engine;
pub mod hall;
pub mod inbox;
pub mod load;
pub mod oidc_control;
pub mod openid_hop;
pub mod page;
pub mod people;
pub mod php;
pub mod process;
pub mod python;
pub mod relying_party;
pub mod residents;
pub mod server;
pub mod stage;
pub mod stats;
pub mod story;
pub mod suite;
pub mod tls;
pub mod tools;
pub mod visitor;

/// Makes of each `async fn name(stage: &Stage) -> anyhow::Result<()>` two tests, `name::sqlite`
/// and `name::postgres`.
#[macro_export]
macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let name = concat!(stringify!($name), "-sqlite");
                $crate::stage::play(name, $crate::engine::Engine::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if $crate::engine::postgres_is_wanted() {
                    let name = concat!(stringify!($name), "-postgres");
                    $crate::stage::play(name, $crate::engine::Engine::Postgres, super::$name).await;
                }
            }
        }
    )+};
}
