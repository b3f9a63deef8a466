//! The commands as a person or a script calls them.

use std::process::Command;

use serde_json::Value as Json;
use tailwater::cli::demo::servers::PrivatePostgres;

use super::support::database::Database;
use super::support::rig::{PATIENCE, PROGRAM, Rig, command, said, wait_for};

const SCHEMA: &str = "create table customers (id int primary key, name text not null); \
    create table orders (id bigint primary key, customer int not null, amount numeric(10,2)); \
    insert into customers values (1, 'Ada'), (2, 'Bob'); insert into orders values (10, 1, 2.50), (11, 1, 4), (12, 2, null)";
const VIEWS: &str = "[view.spend]\nsql = '''select c.id, c.name, sum(o.amount) as amount, count(*) as orders \
    from customers c join orders o on o.customer = c.id group by c.id, c.name'''\n\n\
    [view.line]\nsql = \"select customer, id, amount from orders\"\nkey = [\"customer\", \"id\"]\n";

fn exists(database: &Database, catalog: &str, column: &str) -> bool {
    database.value(&format!("select 1 from {catalog} where {column} = 'tailwater'")).is_some()
}

#[test]
fn init_writes_a_file_that_check_accepts_and_run_runs() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    database.run(
        "create table \"Odd Name\" (\"Key\" int primary key, \"select\" text, plain text, tags text[]); \
         create table no_key (a int, b text); alter table no_key replica identity full; create schema depot; \
         create table depot.shelves (id int primary key)",
    );
    std::fs::remove_file(rig.config()).unwrap();
    let (url, path) = (rig.postgres.url("postgres"), rig.config());
    let init = || {
        let mut init = Command::new(PROGRAM);
        init.args(["init", "--url", &url, "--output"]).arg(&path).output().unwrap()
    };
    let output = init();
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("[view.all_orders]") && text.contains("${DATABASE_URL}"), "{text}");
    assert!(!text.contains(&url), "the URL may hold a password and stays outside the file");
    let output = init();
    assert_eq!(output.status.code(), Some(2), "an existing file is not written over: {}", said(&output));
    let check =
        Command::new(PROGRAM).args(["check", "--config"]).arg(&path).env("DATABASE_URL", &url).output().unwrap();
    assert!(check.status.success(), "{}\n{text}", said(&check));
    let without =
        Command::new(PROGRAM).args(["check", "--config"]).arg(&path).env_remove("DATABASE_URL").output().unwrap();
    assert_eq!(without.status.code(), Some(2), "{}", said(&without));
    assert!(said(&without).contains("DATABASE_URL"), "{}", said(&without));
    // With this test's own addresses it runs as it is.
    let text = text.replace("${DATABASE_URL}", &url);
    let text = text.replace("127.0.0.1:8080", &rig.http.to_string()).replace("127.0.0.1:6380", &rig.resp.to_string());
    std::fs::write(&path, text).unwrap();
    rig.start();
    database.assert_equal("select * from orders", rig.resp, "all_orders");
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn check_prints_the_sql_that_mends_the_server() {
    let postgres = PrivatePostgres::start(&["wal_level=replica"]).unwrap();
    let database = Database::connect(&postgres.url("postgres"));
    database.run(SCHEMA);
    database.run("create table no_key (a int, b text); create role reader login");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tailwater.toml");
    let url = postgres.url("postgres").replace("postgres@", "reader@");
    let views = format!("{VIEWS}\n[view.loose]\nsql = \"select a, b from no_key\"\nkey = [\"a\"]\n");
    std::fs::write(&path, format!("[source.main]\ntype = \"postgres\"\nurl = \"{url}\"\n\n{views}")).unwrap();
    let output = command(&path, &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted = [
        "wal_level is replica",
        "ALTER SYSTEM SET wal_level = logical",
        "may not replicate",
        "may not read \"",
        "GRANT SELECT ON",
        "no replica identity",
        "REPLICA IDENTITY FULL",
    ];
    for words in wanted {
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "not said: {words}\n{text}");
    }
    let json = command(&path, &["check", "--json"]);
    let found: Vec<Json> =
        String::from_utf8(json.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(found.iter().any(|found| found["fatal"] == true && found["fix"].is_string()), "{found:#?}");
    assert!(found.iter().all(|found| found["subject"].is_string() && found["message"].is_string()));
    // Nothing was changed, by looking.
    assert!(!exists(&database, "pg_publication", "pubname"));
    // The SQL that was printed mends what SQL can mend, run by someone who may.
    let fixes = found.iter().filter_map(|found| found["fix"].as_str());
    for fix in fixes.filter(|fix| fix.starts_with("GRANT") || fix.starts_with("ALTER")) {
        fix.split(';')
            .map(str::trim)
            .filter(|sql| !sql.is_empty() && !sql.starts_with("--"))
            .for_each(|sql| database.run(sql));
    }
    let output = command(&path, &["check"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("may not read") && !text.contains("no replica identity"), "{text}");
    assert!(text.contains("wal_level is replica"), "needs a restart: {text}");
}

#[test]
fn check_finds_views_that_cannot_be_kept_and_sinks_that_do_not_fit_or_answer() {
    let rig = Rig::new(SCHEMA, VIEWS);
    rig.configure(&format!(
        "{VIEWS}\n[view.wrong]\nsql = \"select id, nonsense from orders\"\n\n[view.odd]\nsql = \"select id, random() as r from orders\"\n"
    ));
    let output = rig.command(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for words in ["view \"wrong\"", "nonsense", "view \"odd\"", "random"] {
        assert!(said(&output).contains(words), "not said: {words}\n{}", said(&output));
    }
    rig.configure(&format!("{VIEWS}\n[sink.lost]\ntype = \"redis\"\nview = \"line\"\nurl = \"redis://127.0.0.1:1\"\nkey = \"l:{{customer}}:{{id}}\"\n"));
    let output = rig.command(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("sink \"lost\""), "{}", said(&output));
    rig.configure(VIEWS);
    let output = rig.command(&["check"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ready to run"), "{}", said(&output));
}

#[test]
fn explain_shows_operators_and_what_they_keep() {
    let rig = Rig::new(SCHEMA, VIEWS);
    let output = rig.command(&["explain", "spend"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
    for words in ["spend", "orders", "customers", "join", "keeps"] {
        assert!(text.contains(words), "not said: {words}\n{text}");
    }
    assert!(!text.contains("line"), "{text}");
    let output = rig.command(&["explain", "spent"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("spend"), "{}", said(&output));
}

#[test]
fn status_and_query_ask_the_running_daemon() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let output = rig.command(&["status"]);
    assert_eq!(output.status.code(), Some(3), "nobody answers: {}", said(&output));
    rig.start();
    let output = rig.command(&["status", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    let status: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&status["views"]["spend"]["condition"], &status["sources"]["main"]["condition"]),
        (&"live".into(), &"live".into())
    );
    let output = rig.command(&["status"]);
    assert!(said(&output).contains("spend"), "{}", said(&output));

    let output = rig.command(&["query", "spend", "1"]);
    assert!(output.status.success(), "{}", said(&output));
    let row: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(row, serde_json::json!({ "id": 1, "name": "Ada", "amount": "6.50", "orders": 2 }));
    assert!(String::from_utf8_lossy(&output.stderr).contains("position"), "{}", said(&output));
    let output = rig.command(&["query", "line", "1,11"]);
    assert!(said(&output).contains("\"4.00\""), "{}", said(&output));
    let output = rig.command(&["query", "spend", "99"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let output = rig.command(&["query", "nowhere"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("spend"), "names what there is: {}", said(&output));

    // All rows, and what was just written.
    let database = rig.database();
    database.run("insert into customers values (3, 'Cleo'); insert into orders values (13, 3, 1)");
    let position = database.position();
    let output = rig.command(&["query", "spend", "--min-position", &position]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3);
    let output = rig.command(&["query", "line", "--limit", "2"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("more rows"), "{}", said(&output));
    let output = rig.command(&["query", "spend", "--min-position", "FFFF/0", "--timeout", "50ms"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn plan_and_apply_ask_the_running_daemon() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    for command in ["plan", "apply"] {
        let output = rig.command(&[command]);
        assert_eq!(output.status.code(), Some(3), "nobody answers: {}", said(&output));
        assert!(said(&output).contains("takes the configuration file as it is"), "{}", said(&output));
    }
    rig.start();
    let hang_up = || {
        let id = rig.daemon.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    };
    let heard = |times| wait_for(|| (rig.log().matches("SIGHUP: ").count() == times).then_some(()));
    hang_up();
    assert!(heard(1).is_some(), "{}", rig.log());
    // A file that is wrong ends nothing, and is refused before the daemon is asked.
    rig.configure("[view.wrong]\nsql = 5\n");
    hang_up();
    assert!(heard(2).is_some(), "{}", rig.log());
    assert!(rig.log().contains("SIGHUP: the configuration is not applied"), "{}", rig.log());
    let output = rig.command(&["plan"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    rig.configure(VIEWS);
    assert!(rig.command(&["status"]).status.success());
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn commands_send_the_token_of_the_configuration() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.edit_configuration("[server]", "[server]\nhttp_token = \"open sesame\"");
    rig.daemon.start().unwrap();
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    assert!(rig.status().is_err(), "nobody may look without it");
    for command in [&["status"][..], &["query", "spend", "1"], &["verify"]] {
        let output = rig.command(command);
        assert!(output.status.success(), "{command:?}: {}", said(&output));
    }
    let http = rig.http.to_string();
    assert!(rig.command(&["status", "--http", &http]).status.success());
}

#[test]
fn source_prepare_and_drop_make_and_remove_what_the_database_needs() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    let printed = rig.command(&["source", "prepare", "--print"]);
    assert!(printed.status.success(), "{}", said(&printed));
    assert!(String::from_utf8_lossy(&printed.stdout).contains("CREATE PUBLICATION"), "{}", said(&printed));
    assert!(!exists(&database, "pg_publication", "pubname"), "printing runs nothing");
    let output = rig.command(&["source", "prepare"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(exists(&database, "pg_publication", "pubname"));
    let again = rig.command(&["source", "prepare"]);
    assert!(again.status.success(), "{}", said(&again));

    rig.start();
    assert!(exists(&database, "pg_replication_slots", "slot_name"));
    let used = rig.command(&["source", "drop"]);
    assert_eq!(used.status.code(), Some(1), "a slot in use is not dropped: {}", said(&used));
    assert!(exists(&database, "pg_replication_slots", "slot_name") && exists(&database, "pg_publication", "pubname"));
    assert!(rig.daemon.stop().unwrap().success());

    let printed = rig.command(&["source", "drop", "--print"]);
    assert!(String::from_utf8_lossy(&printed.stdout).contains("pg_drop_replication_slot"), "{}", said(&printed));
    let dropped = wait_for(|| rig.command(&["source", "drop"]).status.success().then_some(()));
    assert!(dropped.is_some());
    assert!(!exists(&database, "pg_replication_slots", "slot_name") && !exists(&database, "pg_publication", "pubname"));
    let again = rig.command(&["source", "drop"]);
    assert!(again.status.success(), "a second drop finds nothing to do: {}", said(&again));
}
