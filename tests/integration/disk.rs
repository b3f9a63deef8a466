//! Disks that fill up, and files that are not what was written.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tailwater::pipeline::status::Condition;

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::rig::{PATIENCE, Rig, said, wait_for};

/// Room of the small disk: the bank's state, and little besides.
const DISK_BYTES: u64 = 160 << 20;

/// A file system of a few megabytes, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={DISK_BYTES}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tailwater"]).arg(path).status().unwrap();
        assert!(mounted.success(), "this test mounts a tmpfs: run it as root");
        Self(path.into())
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Takes all room that there is.
    fn fill(&self) {
        let target = format!("of={}", self.ballast().display());
        let wrote = Command::new("dd").args(["if=/dev/zero", "bs=64k", &target]).output().unwrap();
        assert!(!wrote.status.success(), "the disk did not fill up");
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_and_waited_for_and_nothing_is_lost_or_wrong() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    let disk = SmallDisk::at(&rig.directory.path().join("state"));
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
        let written = |status: &tailwater::pipeline::status::Status| status.state.condition == Condition::Live;
        rig.wait_for_status("a state that can be written", written);
        load.stop();
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        compare(&rig);
    }
    assert!(rig.daemon.stop().unwrap().success());
}
