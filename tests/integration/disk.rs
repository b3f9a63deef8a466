//! Disks that fill up, and files that are not what was written.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;
use tailwater::pipeline::status::{Condition, Status};
use tailwater::state::{State, StateError, StateHome, TableId, Version};
use tailwater_connectors::Positions;

use super::support::agreement::keys;
use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::proxy::{Network, Proxy};
use super::support::rig::{PATIENCE, Rig, said, wait_for};
use super::support::small_disk::SmallDisk;

/// Room of the small disk: the bank's state, and little besides.
const DISK_BYTES: u64 = 160 << 20;

#[test]
fn a_full_disk_is_named_and_waited_for_and_nothing_is_lost_or_wrong() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    let disk = SmallDisk::at(&rig.directory.path().join("state"), DISK_BYTES);
    let database = rig.database();
    rig.start();
    for round in 0..2 {
        let load = Load::start(&rig.postgres.url("postgres"), 40 + round);
        disk.fill();
        let full = wait_for(|| {
            // What RocksDB set aside beforehand is used up, too.
            database.attempt("update orders set quantity = 1 + quantity % 5").ok()?;
            let status = rig.status().ok()?;
            (status.state.condition == Condition::Retrying).then_some(status)
        });
        let full = full.unwrap_or_else(|| panic!("a full disk is not seen: {:#?}\n{}", rig.status(), rig.log()));
        assert!(full.state.error.as_deref().is_some_and(|error| error.contains("is full")), "{full:#?}");
        assert!(full.state.hint.is_some());
        assert_eq!(rig.get("/readyz").unwrap().code, 503);
        let answer = rig.get("/v1/views/total/rows").unwrap();
        assert_eq!((answer.code, answer.stale.as_deref()), (200, Some("main")), "what is there is served");
        assert!(said(&rig.command(&["status"])).contains("make room"));
        if round == 1 {
            // It may also die meanwhile, and be started while there is no room.
            rig.daemon.kill().unwrap();
            rig.daemon.start().unwrap();
            let ended = rig.daemon.wait_until_ended(Duration::from_secs(3)).unwrap();
            assert!(ended.is_none_or(|status| status.code() == Some(1)), "{}", rig.log());
            rig.daemon.kill().unwrap();
            disk.free();
            rig.daemon.start().unwrap();
        } else {
            disk.free();
        }
        let written = |status: &Status| status.state.condition == Condition::Live;
        rig.wait_for_status("a state that can be written", written);
        load.stop();
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        compare(&rig);
    }
    assert!(rig.daemon.stop().unwrap().success());
}

const ITEMS: &str = "create table items (id int primary key, name text not null); \
    insert into items select i, repeat('item ' || i, 20) from generate_series(1, 3000) i";
const VIEWS: &str = "[view.item]\nsql = \"select id, name from items\"\n\n\
    [sink.items]\ntype = \"redis\"\nview = \"item\"\nurl = \"${REDIS}\"\nkey = \"item:{id}\"\n";
/// Memory of a state that is only looked at.
const MEMORY: usize = 16 << 20;

/// Files of the daemon's database with this ending, in order.
fn files(rig: &Rig, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(rig.directory.path().join("state/state/db")).unwrap();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_str().unwrap().ends_with(ending));
    found.sort();
    found
}

/// Starts the daemon on damaged files: it ends, says where the damage is and what to do, and all can be copied anew.
fn assert_damage_is_named(rig: &mut Rig, place: &str) {
    let database = rig.database();
    rig.daemon.start().unwrap();
    let ended = rig.daemon.wait_until_ended(PATIENCE).unwrap();
    let log = rig.log();
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "{log}");
    let last = log.lines().rev().take(4).collect::<Vec<_>>().join("\n");
    assert!(last.contains("damaged") && last.contains(place), "{last}");
    assert!(last.contains("hint:") && last.contains("source drop"), "{last}");
    rig.forget_state();
    rig.start();
    rig.wait_until_delivered(&database);
    database.assert_equal("select id, name from items", rig.resp, "item");
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn damaged_files_of_the_state_are_named_with_what_to_do() {
    let mut rig = Rig::new(ITEMS, VIEWS);
    rig.start();
    assert!(rig.daemon.stop().unwrap().success());
    fs::write(rig.directory.path().join("state/state/db/CURRENT"), "MANI").unwrap();
    assert_damage_is_named(&mut rig, "CURRENT");
    fs::remove_file(rig.directory.path().join("state/state/db/CURRENT")).unwrap();
    assert_damage_is_named(&mut rig, "CURRENT");
    let log = files(&rig, ".log").pop().unwrap();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(0).unwrap();
    assert_damage_is_named(&mut rig, "was on the disk");
    // Another start sorts what is in the log into files.
    rig.start();
    assert!(rig.daemon.stop().unwrap().success());
    let sorted = files(&rig, ".sst");
    assert!(!sorted.is_empty());
    for path in sorted {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for place in (0..file.metadata().unwrap().len()).step_by(500) {
            file.write_all_at(b"?", place).unwrap();
        }
    }
    // Which file it names depends on what it reads first.
    assert_damage_is_named(&mut rig, "state/db");
}

/// A power cut as far as the state is concerned: the end of the log that nobody flushed is gone, and the machine started anew.
/// Answers with the step that is left.
fn cut_power(rig: &Rig) -> u64 {
    let state = rig.directory.path().join("state/state");
    let log = files(rig, ".log").pop().unwrap();
    let whole = fs::metadata(&log).unwrap().len();
    let mut left = None;
    for length in (0..=whole).rev().step_by(50) {
        let copy = tempfile::tempdir().unwrap();
        let target = copy.path().join("copy");
        assert!(Command::new("cp").arg("-a").args([&state, &target]).status().unwrap().success());
        let log = target.join("db").join(log.file_name().unwrap());
        OpenOptions::new().write(true).open(log).unwrap().set_len(length).unwrap();
        match State::open(&target, MEMORY) {
            Ok(state) => left = Some((length, state.checkpoint().unwrap().step)),
            Err(error) if length == whole => panic!("the whole log is refused: {error}"),
            Err(_) => break,
        }
    }
    let (length, step) = left.unwrap();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(length).unwrap();
    let life = state.join("LIFE");
    let mut record: Json = serde_json::from_str(&fs::read_to_string(&life).unwrap()).unwrap();
    record["boot"] = "of another machine".into();
    fs::write(&life, record.to_string()).unwrap();
    step
}

#[test]
fn a_sink_that_holds_steps_which_a_power_cut_took_from_the_state_ends_equal() {
    let mut rig = Rig::new("create table items (id int primary key, name text not null)", VIEWS);
    let redis = Proxy::to(rig.redis.port());
    rig.edit_configuration(&format!("127.0.0.1:{}", rig.redis.port()), &redis.address().to_string());
    let database = rig.database();
    let cursor = |rig: &Rig| -> u64 {
        let text: String = redis::cmd("GET").arg("tailwater:items:cursor").query(&mut rig.cache()).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["step"].as_u64().unwrap()
    };
    let mut id = 0;
    // Until enough commits fell between two flushes.
    let lost = wait_for(|| {
        rig.start();
        for _ in 0..12 {
            id += 1;
            database.run(&format!("insert into items values ({id}, 'one')"));
        }
        let seen = wait_for(|| (keys(&mut rig.cache()).len() == id).then_some(()));
        assert!(seen.is_some(), "{}", rig.log());
        rig.daemon.kill().unwrap();
        redis.set(Network::Down);
        let (held, left) = (cursor(&rig), cut_power(&rig));
        redis.set(Network::Works);
        (held > left + 2).then_some(held)
    });
    let held = lost.expect("no commits between two flushes");
    redis.set(Network::Down);
    rig.daemon.start().unwrap();
    // The steps that follow take the numbers of those that are gone, with other rows.
    let passed = wait_for(|| {
        id += 1;
        database.run(&format!("insert into items values ({id}, 'another')"));
        rig.status().ok().filter(|status| status.step > held + 2)
    });
    assert!(passed.is_some(), "{}", rig.log());
    redis.set(Network::Works);
    rig.wait_until_delivered(&database);
    assert_eq!(keys(&mut rig.cache()).len(), id, "rows are missing in the sink");
    assert!(rig.log().contains("does not hold this life of the view"));
}

#[test]
fn a_branch_for_which_the_disk_has_no_room_leaves_nothing_and_the_state_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let disk = SmallDisk::at(&place.path().join("state"), 64 << 20);
    let home_path = place.path().join("state");
    let states = || {
        let entries = fs::read_dir(&home_path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.starts_with("state")).collect::<Vec<_>>()
    };
    let (home, state) = StateHome::open(&home_path, MEMORY).unwrap();
    let positions = Positions::default();
    let commit = |state: &State, key: u64| {
        let mut tx = state.begin();
        tx.put(TableId(1), key.to_be_bytes().to_vec(), vec![7; 3000]);
        tx.commit(&positions)
    };
    // A log of a megabyte is to be copied.
    for key in 0..300 {
        commit(&state, key).unwrap();
    }
    disk.fill();
    for _ in 0..3 {
        let error = home.branch(&state, MEMORY).err().expect("there is no room");
        assert!(matches!(error, StateError::Full { .. }), "{error}");
        assert_eq!(states(), ["state"]);
    }
    disk.free();
    for key in 300..400 {
        commit(&state, key).unwrap();
    }
    let branch = home.branch(&state, MEMORY).unwrap();
    for key in 0..400_u64 {
        let row = branch.begin().get(TableId(1), &key.to_be_bytes(), Version::Old).unwrap();
        assert_eq!(row.as_deref(), Some(&[7; 3000][..]), "{key}");
    }
    // It may fill up later, too, before it takes over.
    disk.fill();
    let error = (400..100_000).find_map(|key| commit(&branch, key).err()).expect("the log has no room");
    assert!(matches!(error, StateError::Full { .. }), "{error}");
    assert!(home.make_current(&branch).is_err());
    branch.doom();
    drop(branch);
    disk.free();
    assert_eq!(states(), ["state"]);
    drop((home, state));
    let (_home, state) = StateHome::open(&home_path, MEMORY).unwrap();
    assert_eq!(state.checkpoint().unwrap().step, 400);
    commit(&state, 400).unwrap();
}
