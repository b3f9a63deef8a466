//! What the integration tests share.
//!
//! ```text
//! view_file   a golden view test as text
//! random_file one whose transactions are drawn
//! oracle      Postgres' own answers
//! recording   one file run on Postgres: what the source handed over, what Postgres answered after each transaction
//! replay      a recording through engine and state, compared at its boundaries
//! modes       the ways in which a recording is replayed
//! faults      ways in which a recording is spoiled
//!
//! rig         a database, a Redis and a daemon under test
//! mysql_server, mysql_rig  a server of MySQL or MariaDB; with a daemon that follows it
//! mysql_load  writers that never pause, and views over what they change
//! kafka_broker  a real broker
//! kafka_topic   what a reader of committed transactions finds in a topic
//! topic_audit   topics compared with the database's own answers
//! schema_registry  a real registry of schemas
//! kafka_rig     a daemon that follows its topics
//! kinesis_server, kinesis_rig  a server of Kinesis; with a daemon that follows its streams
//! shown       what a daemon shows, compared with a Postgres that holds the same
//! small_disk  a disk that fills up
//! proxy       a network that fails between the two
//! database    a blocking session of the database
//! bank        tables, views and load of the crash test
//! readers     threads that look at them all the time
//! audit       its views and sinks compared with the database's own answers
//! agreement   sinks compared with the database's own answers
//! ```

pub(crate) mod agreement;
pub(crate) mod audit;
pub(crate) mod bank;
pub(crate) mod connect_reader;
pub(crate) mod database;
pub(crate) mod faults;
#[path = "../../../connectors/tests/support/kafka_broker.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
pub(crate) mod kafka_broker;
pub(crate) mod kafka_rig;
#[path = "../../../connectors/tests/support/kafka_topic.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
pub(crate) mod kafka_topic;
pub(crate) mod kinesis_rig;
pub(crate) mod kinesis_server;
pub(crate) mod modes;
pub(crate) mod mysql_load;
pub(crate) mod mysql_rig;
#[path = "../../../connectors/tests/support/mysql_server.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
pub(crate) mod mysql_server;
pub(crate) mod oracle;
pub(crate) mod proxy;
pub(crate) mod random_file;
pub(crate) mod readers;
pub(crate) mod recording;
pub(crate) mod replay;
pub(crate) mod rig;
#[path = "../../../connectors/tests/support/schema_registry.rs"]
pub(crate) mod schema_registry;
pub(crate) mod shown;
pub(crate) mod small_disk;
pub(crate) mod topic_audit;
pub(crate) mod view_file;
