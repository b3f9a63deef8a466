//! Views over streams of Kinesis equal what a Postgres answers that is loaded with the same records by a reader of its own: after load, kills
//! of the daemon, and streams that are split and merged meanwhile; and what streams can do to their readers is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value as Json;
use tailwater::cli::demo::Random;
use tailwater::pipeline::status::Condition;
use tailwater_connectors::Positions;

use super::support::kinesis_rig::KinesisRig;
use super::support::kinesis_server::{KinesisClient, is_left_out};
use super::support::rig::{number, said, status, wait_for};

const WRITERS: u64 = 2;
const USERS: u64 = 40;
const KILLS: u64 = 8;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 1_500;
/// Shards of a stream at most while it is split and merged.
const SHARDS_MAX: usize = 6;

const SOURCE: &str = r#"
[source.clicks.table.click]
stream = "clicks"
mode = "append"
columns = { id = "bigint", who = "bigint", page = "text", at = "timestamptz", cost = "numeric(10,2)", detail = "jsonb" }

[source.clicks.table.person]
stream = "people"
mode = "upsert"
columns = { id = "bigint", name = "text", points = "integer", version = "bigint" }
key = ["id"]
"#;

/// The tables in the words of Postgres, over the records as a reader of its own found them. Whoever writes a person counts the versions.
const ORACLE: &str = "
create view click as select (value::jsonb->>'id')::bigint as id, (value::jsonb->>'who')::bigint as who, value::jsonb->>'page' as page,
    (value::jsonb->>'at')::timestamptz as at, (value::jsonb->>'cost')::numeric(10,2) as cost, nullif(value::jsonb->'detail', 'null') as detail,
    shard as _shard, place as _sequence, moment as _timestamp, key as _key from raw_clicks;
create view person as select key::bigint as id, value::jsonb->>'name' as name, (value::jsonb->>'points')::int as points,
    (value::jsonb->>'version')::bigint as version, shard as _shard, place as _sequence
    from (select distinct on (key) * from raw_people order by key, (value::jsonb->>'version')::bigint desc) latest
    where not (value::jsonb ? 'gone');
";

const VIEWS: [(&str, &str); 4] = [
    (
        "visits",
        "select p.id, p.name, p.points, count(*) as visits, sum(c.cost) as spent from click c join person p on p.id = c.who \
         where p.points >= 0 group by p.id, p.name, p.points",
    ),
    ("people_now", "select id, name, points, version, _shard, _sequence from person"),
    (
        "all_clicks",
        "select _shard, _sequence, id, page, _key, (extract(epoch from at) * 1000)::bigint as at, \
         (extract(epoch from _timestamp) * 1000)::bigint as written, detail->>'ref' as referrer from click",
    ),
    ("pages", "select page, count(*) as n, max(id) as last from click group by page"),
];

fn sections(views: &[(&str, &str)]) -> String {
    views.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\nkey = {}\n\n", key_of(name))).collect()
}

fn key_of(view: &str) -> &'static str {
    match view {
        "all_clicks" => "[\"_shard\", \"_sequence\"]",
        "pages" => "[\"page\"]",
        _ => "[\"id\"]",
    }
}

/// Writers that never pause, and somebody who splits and merges.
struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    reshardings: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(client: &KinesisClient, seed: u64) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let reshardings = Arc::new(AtomicU64::new(0));
        let writer = |number: u64| {
            let (client, stop, written) = (client.clone(), stop.clone(), written.clone());
            thread::spawn(move || {
                let (mut random, mut version) = (Random::new(seed * 31 + number), 0);
                while !stop.load(Ordering::Relaxed) {
                    version += 1;
                    write(&client, &mut random, (number, version));
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let mut threads: Vec<_> = (0..WRITERS).map(writer).collect();
        let (client, stops, counted) = (client.clone(), stop.clone(), reshardings.clone());
        threads.push(thread::spawn(move || {
            let mut random = Random::new(seed * 17);
            while !stops.load(Ordering::Relaxed) {
                for stream in ["clicks", "people"] {
                    counted.fetch_add(u64::from(reshard(&client, &mut random, stream)), Ordering::Relaxed);
                }
                // A load, not a wait.
                thread::sleep(Duration::from_millis(random.below(300)));
            }
        }));
        Self { stop, written, reshardings, threads }
    }

    /// Answers with the records and the splits and merges.
    fn stop(self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        (self.written.load(Ordering::Relaxed), self.reshardings.load(Ordering::Relaxed))
    }
}

/// One record. Each person has one writer, whose versions grow.
fn write(client: &KinesisClient, random: &mut Random, (writer, version): (u64, u64)) {
    let user = random.below(USERS);
    if random.below(5) < 3 {
        let click = format!(
            r#"{{"id":{},"who":{user},"page":"/p{}","at":"2026-01-01T00:{:02}:00.5Z","cost":{}.{:02},"detail":{{"ref":"r{}"}}}}"#,
            version * WRITERS + writer,
            random.below(20),
            random.below(60),
            random.below(1_000),
            random.below(100),
            random.below(4)
        );
        client.put("clicks", &[(&format!("k{}", random.below(50)), &click)]);
    } else {
        let user = user - user % WRITERS + writer;
        let (name, points) = (random.below(9), random.below(100));
        let person = format!(r#"{{"name":"n{name}","points":{points},"version":{version},"extra":[1]}}"#);
        client.put("people", &[(&user.to_string(), &person)]);
    }
}

/// Whether a shard was split, or two were merged.
fn reshard(client: &KinesisClient, random: &mut Random, stream: &str) -> bool {
    let mut open = client.open_shards(stream);
    let start = |shard: &Json| shard["HashKeyRange"]["StartingHashKey"].as_str().unwrap().parse::<u128>().unwrap();
    open.sort_by_key(start);
    let at = usize::try_from(random.below(open.len() as u64)).unwrap();
    // A stream that is still being changed says so.
    match open.get(at + 1) {
        Some(neighbour) if open.len() >= SHARDS_MAX || random.below(2) == 0 => {
            client.merge(stream, &open[at], neighbour)
        }
        _ if open.len() < SHARDS_MAX => client.split(stream, &open[at]),
        _ => return false,
    }
    .is_ok()
}

#[test]
fn views_over_streams_equal_those_over_the_same_records_after_load_kills_splits_and_merges() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let (kills, seed) = (number("TAILWATER_KINESIS_KILLS", KILLS), number("TAILWATER_KINESIS_SEED", 7));
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 2);
    client.create("people", 1);
    rig.configure(SOURCE, &sections(&VIEWS));
    let load = Load::start(&client, seed);
    let mut random = Random::new(seed);
    for kill in 0..kills {
        rig.daemon.start().unwrap();
        assert!(wait_for(|| status(rig.http).ok()).is_some(), "it never answered: {}", rig.log());
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(if kill < 2 { LIFE_MAX / 3 } else { LIFE_MAX })));
        rig.daemon.kill().unwrap();
    }
    rig.start();
    let (written, reshardings) = load.stop();
    eprintln!("{kills} kills, {written} records, {reshardings} splits and merges");
    assert!(
        written > 300 && reshardings > 3,
        "the load did not get on: {written} records, {reshardings} changes of shards"
    );
    for stream in ["clicks", "people"] {
        client.wait_until_active(stream);
    }
    let applied = rig.wait_until_applied(&["clicks", "people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS);
    // A restart without anything new goes on exactly.
    assert!(rig.daemon.stop().unwrap().success());
    client.put("people", &[("1", r#"{"name":"last","points":1,"version":1000000}"#)]);
    rig.start();
    assert_ne!(rig.wait_until_applied(&["clicks", "people"]), applied);
    rig.load("people");
    rig.database().run(
        ORACLE.split_once("create view person").map(|(_, rest)| format!("create view person{rest}")).unwrap().as_str(),
    );
    rig.assert_equal(&VIEWS[1..3]);
    assert!(rig.daemon.stop().unwrap().success());
}

/// What is newer is in children, and there is more in a parent than one answer holds: who reads them beside one another ends with old rows.
#[test]
fn records_of_one_key_come_in_their_order_through_splits_and_merges() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 1);
    client.create("people", 1);
    let put = |versions: std::ops::Range<u64>| {
        let person = |version: u64| {
            let value = format!(r#"{{"name":"n{}","points":{},"version":{version}}}"#, version % 7, version % 100);
            ((version % USERS).to_string(), value)
        };
        client.put_many("people", &versions.map(person).collect::<Vec<_>>());
    };
    let change = |what: &dyn Fn(&[Json]) -> Result<(), String>| {
        let before = client.shards("people").len();
        what(&client.open_shards("people")).unwrap();
        assert!(wait_for(|| (client.shards("people").len() > before).then_some(())).is_some(), "no shard is new");
    };
    put(0..5_000);
    change(&|open| client.split("people", &open[0]));
    put(5_000..9_500);
    change(&|open| client.merge("people", &open[0], &open[1]));
    put(9_500..9_600);
    rig.configure(SOURCE, &sections(&VIEWS[1..2]));
    rig.start();
    rig.wait_until_applied(&["people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS[1..2]);
    assert!(rig.daemon.stop().unwrap().success());
}

const APPENDED: &str = r#"
[source.clicks.table.click]
stream = "clicks"
mode = "append"
columns = { id = "bigint", page = "text" }
"#;

const OF_CLICKS: &str =
    "[view.clicks_now]\nsql = 'select _shard, _sequence, id, page from click'\nkey = [\"_shard\", \"_sequence\"]\n";

/// `id` and `page` of the rows of `clicks_now`, sorted.
fn clicks(rig: &KinesisRig) -> Vec<(String, String)> {
    let mut rows: Vec<_> = rig.view("clicks_now").into_iter().map(|row| (row[2].clone(), row[3].clone())).collect();
    rows.sort();
    rows
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, page)| ((*id).to_owned(), (*page).to_owned())).collect()
}

#[test]
fn a_record_that_cannot_be_read_stops_the_source_or_is_a_row_of_its_own_table() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 1);
    rig.configure(APPENDED, OF_CLICKS);
    client.put("clicks", &[("a", r#"{"id":1,"page":"/a"}"#)]);
    rig.start();
    let put = client.put("clicks", &[("b", r#"{"id":"secret"}"#), ("c", r#"{"id":3,"page":"/c"}"#)]);
    let status =
        rig.wait_for_status("the source stopped", |status| status.sources["clicks"].condition == Condition::Failed);
    let error = status.sources["clicks"].error.clone().unwrap();
    let (shard, sequence) = &put[0];
    let expected = format!("the record {sequence} of stream \"clicks\", {shard}, field \"id\" is not of type bigint");
    assert!(error.contains(&expected) && !error.contains("secret"), "{error}");
    assert!(status.sources["clicks"].hint.as_deref().unwrap().contains("bad_messages = \"table\""), "{status:?}");
    assert_eq!(clicks(&rig), pairs(&[("1", "/a")]));
    let checked = said(&rig.command(&["check"]));
    assert!(checked.contains(&format!("{shard}, record {sequence}: it field \"id\"")), "{checked}");
    rig.daemon.stop().unwrap();

    let views = format!(
        "{OF_CLICKS}\n[view.left_out]\nsql = 'select _shard, _sequence, reason, length(value) as bytes from click_bad'\n\
         key = [\"_shard\", \"_sequence\"]\n"
    );
    rig.configure(&format!("{APPENDED}bad_messages = \"table\"\n"), &views);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(clicks(&rig), pairs(&[("1", "/a"), ("3", "/c")]));
    assert_eq!(rig.view("left_out"), [[sequence, shard, "15", "field \"id\" is not of type bigint"]]);
    // Exactly once, whatever happens.
    rig.daemon.kill().unwrap();
    rig.start();
    client.put("clicks", &[("d", "{")]);
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("left_out").len(), 2);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn records_that_were_removed_before_they_were_read_are_named_or_skipped_aloud() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 1);
    client.create("others", 1);
    let others = APPENDED.replace("table.click", "table.other").replace("\"clicks\"", "\"others\"");
    let source = format!("{APPENDED}{others}");
    rig.configure(&source, OF_CLICKS);
    client.put("clicks", &[("a", r#"{"id":1}"#), ("a", r#"{"id":2}"#)]);
    rig.start();
    rig.wait_until_applied(&["clicks", "others"]);
    // A quiet stream: its last record is removed, and nothing is lost, while the daemon runs and while it does not.
    for hours in [20.0, 40.0] {
        rig.server.put_clock_forward(hours);
        // What is applied in between is behind a look at both streams.
        for _ in 0..2 {
            client.put("others", &[("a", r#"{"id":1}"#)]);
            rig.wait_until_applied(&["others"]);
        }
    }
    client.put("clicks", &[("a", r#"{"id":3}"#)]);
    rig.wait_until_applied(&["clicks"]);
    rig.server.put_clock_forward(60.0);
    for _ in 0..2 {
        client.put("others", &[("a", r#"{"id":1}"#)]);
        rig.wait_until_applied(&["others"]);
    }
    assert!(rig.daemon.stop().unwrap().success());
    rig.server.put_clock_forward(70.0);
    rig.start();
    client.put("clicks", &[("a", r#"{"id":4}"#)]);
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(clicks(&rig).len(), 4, "{}", rig.log());
    assert!(rig.daemon.stop().unwrap().success());

    let last = client.put("clicks", &[("a", r#"{"id":5}"#)]);
    rig.server.put_clock_forward(110.0);
    client.put("clicks", &[("a", r#"{"id":6}"#)]);
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("the source stopped", |status| {
        status.sources.get("clicks").is_some_and(|source| source.condition == Condition::Failed)
    });
    let stopped = &status.sources["clicks"];
    let error = stopped.error.clone().unwrap();
    assert!(error.contains("what followed record") && error.contains("was removed before it was read"), "{error}");
    assert!(error.contains(&format!("{} of stream", last[0].0)), "{error}");
    assert!(stopped.hint.as_deref().unwrap().contains("tailwater rebuild source clicks"), "{stopped:?}");
    rig.daemon.stop().unwrap();
    rig.configure(&format!("on_lost = \"skip\"\n{source}"), OF_CLICKS);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    let ids: Vec<String> = clicks(&rig).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "6"]);
    assert!(rig.log().contains("skipped: what followed record"), "{}", rig.log());
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_stream_that_was_made_again_is_named_and_a_rebuild_reads_it_anew() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 1);
    rig.configure(APPENDED, OF_CLICKS);
    client.put("clicks", &[("a", r#"{"id":1}"#), ("a", r#"{"id":2}"#)]);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    for running in [true, false] {
        if !running {
            rig.daemon.stop().unwrap();
        }
        client.delete("clicks");
        if running {
            let status = rig.wait_for_status("the stream is gone", |status| {
                status.sources["clicks"].condition == Condition::Retrying
            });
            let error = status.sources["clicks"].error.clone().unwrap();
            assert!(error.contains("stream \"clicks\"") && error.contains("does not exist"), "{error}");
        }
        // The server says in whole seconds when a stream was made.
        rig.server.put_clock_forward(if running { 0.01 } else { 0.02 });
        client.create("clicks", 2);
        client.put("clicks", &[("b", r#"{"id":7}"#), ("c", r#"{"id":7}"#), ("d", r#"{"id":7}"#)]);
        if !running {
            rig.daemon.start().unwrap();
        }
        let status = rig.wait_for_status("the source stopped", |status| {
            status.sources.get("clicks").is_some_and(|source| source.condition == Condition::Failed)
        });
        let source = &status.sources["clicks"];
        assert!(source.error.as_deref().unwrap().contains("made again"), "{source:?}");
        assert!(source.hint.as_deref().unwrap().contains("tailwater rebuild source clicks"), "{source:?}");
        let rebuilt = rig.command(&["rebuild", "source", "clicks"]);
        assert!(rebuilt.status.success(), "{}\n{}", said(&rebuilt), rig.log());
        rig.wait_until_applied(&["clicks"]);
        assert_eq!(clicks(&rig), pairs(&[("7", "null"), ("7", "null"), ("7", "null")]));
    }
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn old_iterators_are_renewed_throttling_is_waited_for_and_shown_and_refusals_say_what_to_do() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    rig.configure(APPENDED, OF_CLICKS);
    let checked = rig.command(&["check"]);
    let missing = "stream \"clicks\" of table \"click\" does not exist in us-east-1";
    assert!(!checked.status.success() && said(&checked).contains(missing), "{}", said(&checked));
    client.create("clicks", 1);
    let checked = rig.command(&["check"]);
    assert!(checked.status.success(), "{}", said(&checked));
    let prepared = rig.command(&["source", "prepare"]);
    assert!(prepared.status.success() && said(&prepared).contains("nothing is to be made"), "{}", said(&prepared));
    rig.start();
    // Ten minutes later an iterator is too old.
    rig.server.put_clock_forward(1.0 / 6.0);
    client.put("clicks", &[("a", r#"{"id":1}"#)]);
    rig.wait_until_applied(&["clicks"]);
    assert!(rig.log().contains("an iterator has expired"), "{}", rig.log());

    rig.server.fail(Some(("GetRecords", "ProvisionedThroughputExceededException")));
    let shown = wait_for(|| rig.log().contains("more is read than Kinesis answers, pausing").then_some(()));
    assert!(shown.is_some(), "{}", rig.log());
    client.put("clicks", &[("a", r#"{"id":2}"#)]);
    let status =
        rig.wait_for_status("that it lasts", |status| status.sources["clicks"].condition == Condition::Retrying);
    let error = status.sources["clicks"].error.clone().unwrap();
    assert!(error.contains("more is asked than Kinesis answers: GetRecords: ProvisionedThroughput"), "{error}");
    rig.server.fail(None);
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(clicks(&rig), pairs(&[("1", "null"), ("2", "null")]));

    for (fault, hint) in [
        (("GetRecords", "AccessDeniedException"), "kinesis:GetRecords"),
        (("DescribeStreamSummary", "UnrecognizedClientException"), "\"access_key\""),
        (("DescribeStreamSummary", "InvalidSignatureException"), "\"secret_key\""),
    ] {
        rig.server.fail(Some(fault));
        let status = rig.wait_for_status(fault.1, |status| status.sources["clicks"].condition == Condition::Failed);
        let source = &status.sources["clicks"];
        assert!(source.error.as_deref().unwrap().contains(fault.1), "{source:?}");
        assert!(source.hint.as_deref().unwrap().contains(hint), "{source:?}");
        let checked = rig.command(&["check"]);
        assert!(!checked.status.success() && said(&checked).contains(hint), "{}", said(&checked));
        rig.server.fail(None);
        rig.daemon.stop().unwrap();
        rig.start();
    }
    let verified = rig.command(&["verify"]);
    assert!(said(&verified).contains("streams of Kinesis can only be read, not asked"), "{}", said(&verified));
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn keys_and_region_are_taken_from_where_the_tools_of_aws_look_and_what_is_missing_is_named() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let rig = KinesisRig::new();
    rig.server.client().create("clicks", 1);
    rig.configure(APPENDED, OF_CLICKS);
    rig.leave_out(&["region", "access_key", "secret_key"]);
    let variables =
        ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let check = |given: &[(&str, &str)]| {
        let mut command = rig.command_of(&["check"]);
        variables.iter().for_each(|name| _ = command.env_remove(name));
        command.envs(given.iter().copied()).output().unwrap()
    };
    let checked = check(&[]);
    assert!(!checked.status.success(), "{}", said(&checked));
    for missing in ["source.clicks.region: is missing", "source.clicks.access_key: is missing", "AWS_ACCESS_KEY_ID"] {
        assert!(said(&checked).contains(missing), "{}", said(&checked));
    }
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_DEFAULT_REGION", "us-east-1")];
    let checked = check(&keys);
    assert!(checked.status.success(), "{}", said(&checked));
}

/// The branch of another configuration meets the former pipeline in every shard, whatever is written, split and merged meanwhile; and a table
/// that is declared otherwise is read again.
#[test]
fn another_configuration_is_taken_up_while_streams_are_written_split_and_merged() {
    if is_left_out() {
        return eprintln!("left out: Kinesis");
    }
    let mut rig = KinesisRig::new();
    let client = rig.server.client();
    client.create("clicks", 2);
    client.create("people", 1);
    rig.configure(SOURCE, &sections(&VIEWS[1..2]));
    rig.start();
    let load = Load::start(&client, 5);
    for views in [&VIEWS[..], &VIEWS[2..], &VIEWS[..3]] {
        let before = load.written.load(Ordering::Relaxed);
        let more = || (load.written.load(Ordering::Relaxed) > before + 200).then_some(());
        assert!(wait_for(more).is_some(), "nothing is written");
        rig.configure(SOURCE, &sections(views));
        let applied = rig.command(&["apply"]);
        assert!(applied.status.success(), "{}\n{}", said(&applied), rig.log());
    }
    load.stop();
    for stream in ["clicks", "people"] {
        client.wait_until_active(stream);
    }
    let applied = rig.wait_until_applied(&["clicks", "people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS[..3]);
    assert!(rig.daemon.stop().unwrap().success());

    let declared =
        SOURCE.replace("points = \"integer\", ", "").replace("name = \"text\"", "name = \"text\", extra = \"jsonb\"");
    rig.configure(&declared, &sections(&[("people_now", "select id, name, extra, _sequence from person")]));
    rig.start();
    let again = applied.to_string().replace("people:", "people~1:");
    let wanted = Positions::parse(&format!("clicks={again}"), &["clicks".into()]).unwrap();
    rig.wait_for_status("the second reading", |status| status.applied.covers(&wanted));
    rig.wait_for_status("its end", |status| status.views["people_now"].condition == Condition::Live);
    rig.database().run(
        "drop view person; create view person as select key::bigint as id, value::jsonb->>'name' as name, value::jsonb->'extra' as extra, \
         place as _sequence from (select distinct on (key) * from raw_people order by key, (value::jsonb->>'version')::bigint desc) latest",
    );
    rig.assert_equal(&[("people_now", "select id, name, extra, _sequence from person")]);
    assert!(rig.daemon.stop().unwrap().success());
}
