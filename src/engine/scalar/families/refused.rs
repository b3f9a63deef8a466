//! Functions that a view cannot have: their answer is not a function of the row.

/// Why and what instead, for functions that are refused.
pub(in crate::engine::scalar) fn hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "now"
        | "current_timestamp"
        | "transaction_timestamp"
        | "statement_timestamp"
        | "clock_timestamp"
        | "timeofday"
        | "current_date"
        | "current_time"
        | "localtime"
        | "localtimestamp" => {
            "a view depends on its rows only; compare with the clock where the view is read, or store the time in a column"
        }
        "random" | "setseed" | "gen_random_uuid" | "uuid_generate_v4" | "random_normal" => {
            "the answer differs every time; store it in a column"
        }
        "nextval" | "currval" | "lastval" | "setval" => "sequences have no history; store the number in a column",
        "current_user" | "session_user" | "current_setting" | "current_schema" | "current_database" | "version"
        | "pg_backend_pid" | "txid_current" | "pg_current_xact_id" | "inet_client_addr" | "user" => {
            "the answer depends on the session, not on the row"
        }
        "pg_sleep" | "pg_notify" | "set_config" | "pg_advisory_lock" | "dblink" => "a view has no effects",
        _ => return None,
    })
}
