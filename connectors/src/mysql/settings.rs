//! Settings of the server that decide whether its log can be followed.

use super::flavor::{Flavor, ServerVersion};
use super::variables::{REPLICATES, Variables};
use crate::finding::{Finding, Severity};

/// A daemon that is down for longer than the log is kept begins again; less than a day is soon over.
const KEPT_SECONDS_MIN: u64 = 86_400;

/// A setting that must have one of some values.
struct Needed {
    name: &'static str,
    values: &'static [&'static str],
    /// What it costs to have another.
    cost: &'static str,
    severity: Severity,
}

const NEEDED: [Needed; 6] = [
    Needed {
        name: "log_bin",
        values: &["ON"],
        cost: "there is no log to follow; it can only be set where the server is started",
        severity: Severity::Error,
    },
    Needed {
        name: "binlog_format",
        values: &["ROW"],
        cost: "the log has statements instead of the rows that they changed",
        severity: Severity::Error,
    },
    Needed {
        name: "binlog_row_image",
        values: &["FULL", "FULL_NODUP"],
        cost: "what the log leaves out is read from what is held, and from defaults; a table stops where those are expressions, where a \
            generated column is left out, and where it is altered, until it is copied again",
        severity: Severity::Warning,
    },
    Needed {
        name: "binlog_row_metadata",
        values: &["FULL"],
        cost: "the log does not name columns: a table whose columns are altered stops until it is copied again",
        severity: Severity::Warning,
    },
    Needed {
        name: "sync_binlog",
        values: &["1"],
        cost: "a crash of the server may lose transactions that views have already, which then must be rebuilt",
        severity: Severity::Warning,
    },
    Needed {
        name: "innodb_flush_log_at_trx_commit",
        values: &["1"],
        cost: "a crash of the server may lose transactions that views have already, which then must be rebuilt",
        severity: Severity::Warning,
    },
];

const GTID_MODE: Needed = Needed {
    name: "gtid_mode",
    values: &["ON"],
    cost: "the server is followed by file and place in its log, which mean nothing elsewhere: after a failover to a replica, a restored backup or \
        RESET BINARY LOGS its views must be rebuilt; it is set step by step, the same on all servers: enforce_gtid_consistency = ON, then gtid_mode = \
        OFF_PERMISSIVE, ON_PERMISSIVE, ON; \"tailwater rebuild source ...\" goes over to it",
    severity: Severity::Warning,
};

const ORDER_COMMITS: Needed = Needed {
    name: "binlog_order_commits",
    values: &["ON"],
    cost: "a transaction may be committed before one that stands before it in the log, so that no place in the log is a beginning",
    severity: Severity::Error,
};

/// What is wrong with the settings, with statements that put it right where there are any.
pub(super) fn findings(variables: &Variables, version: ServerVersion) -> Vec<Finding> {
    let set = match version.flavor {
        Flavor::Mysql => "SET PERSIST",
        Flavor::Mariadb => "SET GLOBAL",
    };
    let of_mysql = [&GTID_MODE, &ORDER_COMMITS].into_iter().filter(|_| version.flavor == Flavor::Mysql);
    let mut found: Vec<Finding> =
        NEEDED.iter().chain(of_mysql).filter_map(|needed| needed.finding(variables, set)).collect();
    found.extend(kept(variables, set));
    found.extend(unlogged(variables));
    found.extend(["binlog_do_db", "binlog_ignore_db"].iter().filter_map(|name| filter(name, variables)));
    found
}

/// What a replica is told by its primary must be in its own log, too.
fn unlogged(variables: &Variables) -> Option<Finding> {
    let name = ["log_replica_updates", "log_slave_updates"].into_iter().find(|name| variables.contains_key(*name))?;
    let replicates = variables.contains_key(REPLICATES);
    (replicates && variables[name] == "OFF").then(|| Finding {
        what: format!(
            "{name} is \"OFF\": the server is a replica that does not log what it replicates; it can only be set where the server is started"
        ),
        sql_to_fix: None,
        severity: Severity::Error,
    })
}

/// A log that leaves some databases out also leaves out what is said of others' tables from there, TRUNCATE among it.
fn filter(name: &str, variables: &Variables) -> Option<Finding> {
    let schemas = variables.get(name).filter(|schemas| !schemas.is_empty())?;
    Some(Finding {
        what: format!(
            "{name} is \"{schemas}\": the log leaves out statements by the database they are given in, whatever table they change; it can \
             only be set where the server is started"
        ),
        sql_to_fix: None,
        severity: Severity::Error,
    })
}

impl Needed {
    fn finding(&self, variables: &Variables, set: &str) -> Option<Finding> {
        let value = variables.get(self.name).map_or("", String::as_str);
        if self.values.iter().any(|wanted| value.eq_ignore_ascii_case(wanted)) {
            return None;
        }
        let what = format!("{} is \"{value}\" instead of \"{}\": {}", self.name, self.values[0], self.cost);
        let sql_to_fix = match self.name {
            // That of the second concerns all servers that replicate from one another, and each of its steps all of them before the next.
            "log_bin" | "gtid_mode" => None,
            name => Some(format!("{set} {name} = {};", self.values[0])),
        };
        Some(Finding { what, sql_to_fix, severity: self.severity })
    }
}

fn kept(variables: &Variables, set: &str) -> Option<Finding> {
    let seconds: f64 = variables.get("binlog_expire_logs_seconds")?.parse().ok()?;
    if seconds == 0.0 || seconds >= KEPT_SECONDS_MIN as f64 {
        return None;
    }
    Some(Finding {
        what: format!(
            "binlog_expire_logs_seconds is {seconds}: views of a daemon that is down for longer must be rebuilt, because the server \
             has removed what happened meanwhile"
        ),
        sql_to_fix: Some(format!("{set} binlog_expire_logs_seconds = {};", 7 * KEPT_SECONDS_MIN)),
        severity: Severity::Warning,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_wrong_setting_is_named_with_its_cost_and_its_statement() {
        let mut good = variables(&[
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("binlog_row_metadata", "FULL"),
            ("gtid_mode", "ON"),
            ("binlog_order_commits", "ON"),
            ("sync_binlog", "1"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("binlog_expire_logs_seconds", "2592000"),
        ]);
        let mysql = ServerVersion { flavor: Flavor::Mysql, major: 8, minor: 4, patch: 0 };
        assert_eq!(findings(&good, mysql), []);
        good.insert("binlog_row_metadata".into(), "MINIMAL".into());
        good.insert("binlog_expire_logs_seconds".into(), "60".into());
        let found = findings(&good, mysql);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].what.starts_with("binlog_row_metadata is \"MINIMAL\" instead of \"FULL\": the log does not name")
        );
        assert_eq!(found[0].sql_to_fix.as_deref(), Some("SET PERSIST binlog_row_metadata = FULL;"));
        assert_eq!((found[0].severity, found[1].severity), (Severity::Warning, Severity::Warning));
        good.insert("gtid_mode".into(), "OFF".into());
        let found = findings(&good, mysql).into_iter().find(|found| found.what.starts_with("gtid_mode"));
        let found = found.expect("a finding");
        // It changes how servers replicate: nothing that is done in passing.
        assert!(found.severity == Severity::Warning && found.sql_to_fix.is_none() && found.what.contains("failover"));
    }

    #[test]
    fn a_log_that_leaves_something_out_is_an_error() {
        let mariadb = ServerVersion { flavor: Flavor::Mariadb, major: 10, minor: 11, patch: 0 };
        let told = |pairs: &[(&str, &str)]| {
            let found = findings(&variables(pairs), mariadb).into_iter().map(|finding| finding.what);
            found
                .filter(|what| what.starts_with("log_") && !what.starts_with("log_bin") || what.contains("_db "))
                .count()
        };
        assert_eq!(told(&[("log_slave_updates", "OFF"), ("binlog_do_db", ""), ("binlog_ignore_db", "")]), 0);
        assert_eq!(told(&[("log_slave_updates", "ON"), (REPLICATES, "ON")]), 0);
        assert_eq!(told(&[("log_slave_updates", "OFF"), (REPLICATES, "ON")]), 1);
        assert_eq!(told(&[("binlog_do_db", "shop"), ("binlog_ignore_db", "mysql")]), 2);
    }

    #[test]
    fn mariadb_needs_no_gtid_mode() {
        let mariadb = ServerVersion { flavor: Flavor::Mariadb, major: 10, minor: 11, patch: 0 };
        let found = findings(&variables(&[("log_bin", "ON")]), mariadb);
        assert!(found.iter().all(|finding| !finding.what.starts_with("gtid_mode")));
        assert_eq!(found.len(), 5);
    }
}
