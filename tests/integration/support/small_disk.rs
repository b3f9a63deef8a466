//! A file system of a few megabytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mounted where it is wanted, gone when dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of `bytes` at `path`, which is made.
    pub(crate) fn at(path: &Path, bytes: u64) -> Self {
        fs::create_dir_all(path).unwrap();
        let disk = Self(path.into());
        assert!(disk.mount(&format!("size={bytes}")), "this test mounts a tmpfs: run it as root");
        disk
    }

    fn mount(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tailwater"]).arg(&self.0).status().unwrap().success()
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Takes all room that there is.
    pub(crate) fn fill(&self) {
        let target = format!("of={}", self.ballast().display());
        let wrote = Command::new("dd").args(["if=/dev/zero", "bs=64k", &target]).output().unwrap();
        assert!(!wrote.status.success(), "the disk did not fill up");
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    /// Makes the disk larger.
    pub(crate) fn grow(&self, bytes: u64) {
        assert!(self.mount(&format!("remount,size={bytes}")), "the disk did not grow");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
