//! What becomes of a database server: crashes under traffic, slots that go, backups that come back, other servers in its place.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tailwater::cli::demo::Random;
use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::pipeline::status::{Condition, Status};

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig, command, number, said, status, wait_for};

/// Deaths of walsenders and postmasters under traffic.
const DEATHS: u64 = 8;
const ITEMS: &str = "create table items (id int primary key, name text not null); \
    insert into items select i, 'item ' || i from generate_series(1, 100) i";
const VIEWS: &str = "[view.item]\nsql = \"select id, name from items\"\n";
const TERMINATE: &str = "select pg_terminate_backend(pid) from pg_stat_replication";

fn is_failed(status: &Status, words: &str) -> bool {
    let source = &status.sources["main"];
    source.condition == Condition::Failed && source.error.as_deref().is_some_and(|error| error.contains(words))
}

fn assert_equal(rig: &Rig, database: &Database) {
    rig.wait_until_delivered(database);
    database.assert_equal("select id, name from items", rig.resp, "item");
}

/// The source has stopped for good with these words and a hint; what is kept is served with its position, and nobody is told that
/// it is fresh.
fn assert_stale_but_served(rig: &Rig, words: &str) {
    let status = rig.wait_for_status(words, |status| is_failed(status, words));
    assert!(status.sources["main"].hint.is_some(), "{status:#?}");
    assert_eq!(rig.get("/readyz").unwrap().code, 503);
    let answer = rig.get("/v1/views/item/rows").unwrap();
    assert_eq!((answer.code, answer.position.as_deref()), (200, Some(&*status.applied.to_string())));
    assert!(answer.lines().len() >= 100);
    assert_eq!(answer.stale.as_deref(), Some("main"));
    let output = rig.command(&["status"]);
    assert!(output.status.code() == Some(1) && said(&output).contains("hint:"), "{}", said(&output));
}

/// A person has the source rebuilt; nothing of before is left.
fn assert_rebuilt(rig: &Rig, database: &Database) {
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    assert_equal(rig, database);
    assert_eq!(rig.get("/v1/views/item/rows").unwrap().stale, None);
    database.run("insert into items values (900, 'written since')");
    assert_equal(rig, database);
}

#[test]
fn walsenders_and_postmasters_die_under_traffic_and_all_ends_equal() {
    let (deaths, seed) = (number("TAILWATER_POSTMASTER_DEATHS", DEATHS), number("TAILWATER_POSTMASTER_SEED", 9));
    let mut rig = Rig::new(SCHEMA, &configuration());
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let mut random = Random::new(seed);
    rig.start();
    for death in 0..deaths {
        let live = |status: &Status| status.sources["main"].condition == Condition::Live;
        rig.wait_for_status("a live source", live);
        // The random moment; nothing is waited for.
        std::thread::sleep(std::time::Duration::from_millis(random.below(300)));
        match death % 4 {
            3 => {
                rig.postgres.kill();
                assert!(wait_for(|| rig.postgres.launch().ok()).is_some(), "the server does not start again");
            }
            _ => rig.database().run(TERMINATE),
        }
    }
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    load.stop();
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_slot_that_is_dropped_under_a_running_daemon_is_named_and_made_again_only_by_a_person() {
    let mut rig = Rig::new(ITEMS, VIEWS);
    let database = rig.database();
    rig.start();
    let gone = || {
        database.run(TERMINATE);
        database.attempt("select pg_drop_replication_slot('tailwater')").ok()
    };
    assert!(wait_for(gone).is_some());
    database.run("insert into items values (200, 'never seen by the slot')");
    assert_stale_but_served(&rig, "slot \"tailwater\" does not exist");
    assert!(database.value("select 1 from pg_replication_slots").is_none(), "the slot was made again silently");
    database.run("delete from items where id <= 50");
    assert_rebuilt(&rig, &database);
}

#[test]
fn a_server_that_was_restored_from_an_older_backup_is_named_and_the_source_rebuilt() {
    let mut rig = Rig::new(ITEMS, VIEWS);
    rig.start();
    rig.daemon.stop().unwrap();
    let (data, backup) = (rig.postgres.directory().join("data"), rig.postgres.directory().join("backup"));
    rig.postgres.stop(true);
    assert!(Command::new("cp").arg("-a").args([&data, &backup]).status().unwrap().success());
    rig.postgres.launch().unwrap();
    let database = rig.database();
    rig.start();
    database.run("insert into items select i, 'lost with the server' from generate_series(200, 5000) i");
    assert_equal(&rig, &database);
    rig.daemon.stop().unwrap();
    rig.postgres.stop(true);
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&backup, &data).unwrap();
    rig.postgres.launch().unwrap();
    rig.daemon.start().unwrap();
    assert_stale_but_served(&rig, "before our state: it was restored from a backup or failed over");
    assert_rebuilt(&rig, &rig.database());
}

#[test]
fn another_database_or_another_server_in_the_url_is_named_and_the_source_rebuilt() {
    let mut rig = Rig::new(ITEMS, VIEWS);
    rig.database().run("create database other");
    Database::connect(&rig.postgres.url("other")).run(ITEMS);
    rig.start();
    rig.daemon.stop().unwrap();
    rig.edit_configuration("/postgres?", "/other?");
    rig.daemon.start().unwrap();
    assert_stale_but_served(&rig, "the state was made from another database or slot");
    rig.daemon.stop().unwrap();
    rig.edit_configuration("/other?", "/absent?");
    rig.daemon.start().unwrap();
    assert_stale_but_served(&rig, "does not exist");
    rig.daemon.stop().unwrap();
    let stranger = PrivatePostgres::start(&[]).unwrap();
    let there = Database::connect(&stranger.url("postgres"));
    there.run(&format!("{ITEMS}; delete from items where id % 2 = 0"));
    rig.edit_configuration("/absent?", "/postgres?");
    rig.edit_configuration(&format!(":{}/", rig.postgres.port()), &format!(":{}/", stranger.port()));
    rig.daemon.start().unwrap();
    assert_stale_but_served(&rig, "the server is another one");
    // Nothing was made there.
    assert_eq!(there.value("select count(*) from pg_replication_slots").as_deref(), Some("0"));
    assert_rebuilt(&rig, &there);
}

#[test]
fn a_second_daemon_never_takes_the_slot_of_the_first_and_says_what_to_do() {
    let mut rig = Rig::new(ITEMS, VIEWS);
    let database = rig.database();
    rig.start();
    let (mut second, config, http) = rig.another_daemon("second", "state-of-second", VIEWS);
    second.start().unwrap();
    let second_says = |words: &str| {
        let seen = wait_for(|| {
            let status = status(http).ok()?;
            let source = &status.sources["main"];
            source.error.as_deref().filter(|error| error.contains(words))?;
            Some((source.condition, source.hint.clone()))
        });
        seen.unwrap_or_else(|| panic!("never said: {words}; {:#?}", status(http)))
    };
    let (condition, hint) = second_says("is in use by another process");
    assert!(condition == Condition::Retrying && hint.is_some(), "{condition:?} {hint:?}");
    // The slot is free for a while: it still belongs to the first.
    assert!(rig.daemon.stop().unwrap().success());
    database.run("insert into items values (300, 'written while the first was down')");
    let (condition, hint) = second_says("was there before this state directory");
    assert_eq!(condition, Condition::Failed);
    assert!(hint.is_some_and(|hint| hint.contains("source drop main")));
    rig.start();
    assert_equal(&rig, &database);
    // A person gives it away.
    assert!(rig.daemon.stop().unwrap().success());
    assert!(second.stop().unwrap().success());
    let dropped = wait_for(|| command(&config, &["source", "drop"]).status.success().then_some(()));
    assert!(dropped.is_some());
    second.start().unwrap();
    second.wait_until_ready(PATIENCE).unwrap();
    // From here on an interrupted copy would be its own again, and the first has lost its slot.
    rig.daemon.start().unwrap();
    let lost = rig.wait_for_status("a first that lost its slot", |status| {
        status.sources["main"].error.as_deref().is_some_and(|error| error.contains("slot"))
    });
    assert!(lost.sources["main"].condition != Condition::Live, "{lost:#?}");
}

/// A PgBouncer before the database, ended when dropped.
struct Pooler {
    process: Child,
    port: u16,
}

impl Pooler {
    fn before(postgres: &PrivatePostgres) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let path = postgres.directory().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\n",
            postgres.port()
        );
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=KILL", "pgbouncer"]);
        let process = command.arg("-q").arg(&path).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pooler = Self { process, port };
        let answers = wait_for(|| std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(answers.is_some(), "pgbouncer does not start: script/bootstrap installs it");
        pooler
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_pooler_is_refused_with_what_to_do_instead() {
    let rig = Rig::new(ITEMS, VIEWS);
    let pooler = Pooler::before(&rig.postgres);
    rig.edit_configuration(&format!(":{}/", rig.postgres.port()), &format!(":{}/", pooler.port));
    for arguments in [&["check"][..], &["run"]] {
        let output = rig.command(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("not through a pooler"), "{arguments:?}: {}", said(&output));
    }
}
