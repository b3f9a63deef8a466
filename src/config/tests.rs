//! Problems come all at once, with their places.

use std::time::Duration;

use tailwater_connectors::kafka::config::{Isolation, Mode, OnLost};
use tailwater_connectors::kafka::format::{Format, SchemaFrom};
use tailwater_connectors::kafka::sink::config::{
    Compression, DebeziumStyle, Decimals, Intervals, KafkaFormat, KafkaMode, KafkaSinkConfig,
};
use tailwater_connectors::mysql::config::Tls;
use tailwater_connectors::redis::config::RedisFormat;

use super::{Config, ConfigError, LogLimit, RowErrors, SinkConfig, SourceKind, VerifySection, load};

fn loaded(text: &str) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("tailwater.toml");
    std::fs::write(&path, text).expect("the file is written");
    load(&path)
}

/// `line key: message` of every problem.
fn problems(text: &str) -> Vec<String> {
    let error = loaded(text).err().expect("the configuration has problems");
    error.problems.iter().map(|problem| format!("{} {}: {}", problem.line, problem.key, problem.message)).collect()
}

const GOOD: &str = r#"
state_dir = "./here"
memory = "64MiB"

[source.shop]
type = "postgres"
url = "postgres://localhost/shop"
tables = ["orders", "crm.customers"]

[view.card]
sql = "select id from orders"
key = ["id"]

[sink.cache]
type = "redis"
view = "card"
url = "redis://127.0.0.1"
key = "card:{id}"
format = "hash"
ttl = "1h"

[sink.find]
type = "search"
view = "card"
fields = { id = "keyword" }

[server]
http = "127.0.0.1:9000"
redis = "off"
"#;

#[test]
fn a_good_file_is_read_with_its_defaults() {
    let config = loaded(GOOD).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.state_dir.ends_with("here"));
    assert_eq!(config.memory_bytes, 64 << 20);
    let SourceKind::Postgres(postgres) = &config.sources[0].kind else { panic!("a source of Postgres") };
    assert_eq!(postgres.slot, "tailwater");
    let tables: Vec<String> = config.sources[0].tables.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(tables, ["shop.public.orders", "shop.crm.customers"]);
    assert_eq!(config.views[0].row_errors, RowErrors::Quarantine);
    assert_eq!(config.views[0].key.as_deref(), Some(&["id".to_string()][..]));
    let SinkConfig::Redis(redis) = &config.sinks[0] else { panic!("the first sink is Redis") };
    assert_eq!((redis.format, redis.ttl.map(|ttl| ttl.as_secs())), (RedisFormat::Hash, Some(3600)));
    assert_eq!(config.server.http.map(|address| address.port()), Some(9000));
    assert_eq!(config.server.redis, None);
}

#[test]
fn all_problems_are_reported_at_once_with_their_lines() {
    let found = problems(
        r#"
memroy = "64MiB"
[source.shop]
type = "oracle"
[source.stock]
type = "postgres"
slot = "Not A Slot"
[view.card]
sql = "select 1"
file = "card.sql"
[sink.cache]
type = "redis"
view = "crad"
url = "redis://127.0.0.1"
key = "card:{id}"
ttl = "soon"
[server]
http = "localhost"
"#,
    );
    let expected = [
        "2 memroy: unknown key",
        "4 source.shop.type: source type \"oracle\" is not there yet",
        "5 source.stock.url: is missing",
        "7 source.stock.slot: is not a slot name",
        "10 view.card.file: stands beside \"sql\"",
        "13 sink.cache.view: there is no view \"crad\"",
        "16 sink.cache.ttl: must be a duration, not \"soon\"",
        "18 server.http: \"localhost\" is not an address",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_misspelt_key_gets_the_nearest_known_one_as_hint() {
    let error = loaded(&GOOD.replace("memory", "memroy")).err().expect("the key is unknown");
    assert_eq!(error.problems[0].hint.as_deref(), Some("did you mean \"memory\"?"));
}

#[test]
fn a_variable_that_is_not_set_is_named_with_how_to_set_it() {
    let found = problems(&GOOD.replace("postgres://localhost/shop", "${TAILWATER_TEST_NOT_SET}"));
    assert_eq!(found, ["7 source.shop.url: environment variable \"TAILWATER_TEST_NOT_SET\" is not set"]);
}

#[test]
fn broken_toml_names_its_line() {
    let found = problems("[source.shop]\nurl = \n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("2 configuration: is not valid TOML"), "{found:?}");
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let error = load(std::path::Path::new("/does/not/exist.toml")).err().expect("there is no file");
    assert!(error.problems[0].hint.as_deref().is_some_and(|hint| hint.contains("tailwater init")));
}

#[test]
fn a_view_says_what_becomes_of_rows_with_errors() {
    let with = |policy: &str| GOOD.replace("[view.card]", &format!("[view.card]\nrow_errors = \"{policy}\""));
    for (word, policy) in [("quarantine", RowErrors::Quarantine), ("null", RowErrors::Null), ("stop", RowErrors::Stop)]
    {
        assert_eq!(loaded(&with(word)).unwrap_or_else(|error| panic!("{error}")).views[0].row_errors, policy);
    }
    assert_eq!(problems(&with("skip")), ["11 view.card.row_errors: \"skip\" is no policy"]);
}

#[test]
fn verification_is_off_until_it_is_configured_and_refuses_nonsense() {
    let verify = |text: &str| loaded(&format!("{GOOD}\n[verify]\n{text}\n")).map(|config| config.verify);
    assert_eq!(loaded(GOOD).unwrap().verify, VerifySection::default());
    assert_eq!(VerifySection::default().every, None);
    let daily = verify("every = \"24h\"\nrows_per_second = 500").unwrap();
    assert_eq!(daily, VerifySection { every: Some(Duration::from_secs(86_400)), rows_per_second: 500 });
    for (text, key) in [("every = \"10ms\"", "every"), ("rows_per_second = 0", "rows_per_second"), ("rate = 1", "rate")]
    {
        let error = verify(text).expect_err(text);
        assert_eq!(error.problems[0].key, format!("verify.{key}"));
    }
    assert!(verify("rows_per_second = -1").is_err() && verify("rows_per_second = \"many\"").is_err());
}

#[test]
fn a_source_of_mysql_is_read_with_its_defaults_and_what_is_wrong_is_named_without_its_password() {
    let with = |text: &str| {
        let from = "type = \"postgres\"\nurl = \"postgres://localhost/shop\"";
        assert!(GOOD.contains(from));
        GOOD.replace(from, &format!("type = \"mysql\"\n{text}"))
    };
    let config = loaded(&with("url = \"mysql://u:secret@db.example/sales\"")).unwrap_or_else(|error| panic!("{error}"));
    let SourceKind::Mysql(mysql) = &config.sources[0].kind else { panic!("a source of MySQL") };
    assert_eq!((mysql.database.as_str(), mysql.server_id), ("sales", None));
    assert_eq!(mysql.tls, Tls::Verify { ca: None });
    let tables: Vec<String> = config.sources[0].tables.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(tables, ["shop.sales.orders", "shop.crm.customers"]);
    assert_eq!(
        problems(&with(
            "url = \"mysql://u:secret@db\"\ntls = \"maybe\"\nserver_id = 0\nzero_dates = \"keep\"\nslot = \"a\""
        )),
        [
            "7 source.shop.url: names no database",
            "8 source.shop.tls: \"maybe\" is no mode",
            "9 source.shop.server_id: must be from 1 to 4294967295",
            "10 source.shop.zero_dates: \"keep\" is no policy",
            "11 source.shop.slot: unknown key",
        ]
    );
}

#[test]
fn a_bound_of_the_log_says_what_happens_beyond_it() {
    let limit = |lines: &str| {
        let text = GOOD.replace("type = \"postgres\"\n", &format!("type = \"postgres\"\n{lines}\n"));
        loaded(&text).map(|config| config.sources[0].log_limit)
    };
    let bound = |release: Option<u64>| Some(LogLimit { bytes: 50 << 30, release: release.map(Duration::from_secs) });
    assert_eq!(limit("").unwrap(), None);
    assert_eq!(limit("wal_limit = \"50GiB\"").unwrap(), bound(None));
    assert_eq!(limit("wal_limit = \"50GiB\"\non_wal_limit = \"warn\"").unwrap(), bound(None));
    let release = "wal_limit = \"50GiB\"\non_wal_limit = \"release\"";
    assert_eq!(limit(release).unwrap(), bound(Some(600)));
    assert_eq!(limit(&format!("{release}\nrebuild_after = \"1h\"")).unwrap(), bound(Some(3600)));
    for (lines, wrong) in [
        ("on_wal_limit = \"release\"", "on_wal_limit: stands without \"wal_limit\""),
        ("wal_limit = \"50GiB\"\non_wal_limit = \"drop\"", "on_wal_limit: \"drop\" is no policy"),
        ("wal_limit = \"50GiB\"\nrebuild_after = \"1h\"", "rebuild_after: stands without on_wal_limit"),
        ("wal_limit = \"1MiB\"", "wal_limit: is too small"),
    ] {
        let text = GOOD.replace("type = \"postgres\"\n", &format!("type = \"postgres\"\n{lines}\n"));
        let found = problems(&text);
        assert!(matches!(&found[..], [only] if only.contains(wrong)), "{lines}: {found:?}");
    }
}

/// `GOOD` with a sink of Kafka that has these keys.
fn with_kafka(keys: &str) -> String {
    GOOD.replace(
        "[server]",
        &format!("[sink.out]\ntype = \"kafka\"\nbrokers = \"k:9092\"\ntopic = \"orders\"\n{keys}\n[server]"),
    )
}

fn kafka(keys: &str) -> (KafkaSinkConfig, Vec<String>) {
    let config = loaded(&with_kafka(keys)).unwrap_or_else(|error| panic!("{error}"));
    let views = config.views.iter().map(|view| format!("{}: {}", view.name, view.sql)).collect();
    let found = config.sinks.into_iter().find_map(|sink| match sink {
        SinkConfig::Kafka(config) => Some(*config),
        _ => None,
    });
    (found.expect("a sink of Kafka"), views)
}

#[test]
fn a_sink_of_kafka_is_read_with_its_defaults() {
    let (sink, _) = kafka("view = \"card\"");
    assert_eq!((sink.view.as_str(), sink.topic.as_str(), sink.origin), ("card", "orders", None));
    assert_eq!((sink.format, sink.mode, sink.compression), (KafkaFormat::Json, KafkaMode::Upsert, Compression::Lz4));
    assert_eq!((sink.transactional_id.as_str(), sink.cursor_topic.as_str()), ("tailwater-out", "tailwater.cursors"));
    let keys = "view = \"card\"\nformat = \"debezium\"\nmode = \"append\"\nkey = [\"id\"]\npartitions = 6\n\
        topic_config = { \"retention.ms\" = \"1000\" }";
    let (sink, _) = kafka(keys);
    assert_eq!((sink.format, sink.mode, sink.partitions), (KafkaFormat::Debezium, KafkaMode::Append, Some(6)));
    let style = DebeziumStyle { schemas: true, decimals: Decimals::Precise, intervals: Intervals::Numeric };
    assert_eq!(sink.debezium, style, "as Debezium and Kafka Connect document them");
    let words =
        "view = \"card\"\nformat = \"debezium\"\nschemas = false\ndecimals = \"double\"\nintervals = \"string\"";
    let style = DebeziumStyle { schemas: false, decimals: Decimals::Double, intervals: Intervals::String };
    assert_eq!(kafka(words).0.debezium, style);
    assert_eq!(sink.topic_config, [("retention.ms".to_string(), "1000".to_string())]);
}

#[test]
fn a_table_passes_through_by_a_view_of_its_own() {
    let (sink, views) = kafka("table = \"crm.customers\"");
    assert_eq!(sink.view, "out-table");
    assert_eq!(views[1], "out-table: select * from \"crm\".\"customers\"");
    let origin = sink.origin.expect("an origin");
    let words = (origin.source.as_str(), origin.database.as_deref(), origin.schema.as_deref(), origin.table.as_str());
    assert_eq!(words, ("shop", Some("shop"), Some("crm"), "customers"));
    let another = "[source.stock]\ntype = \"mysql\"\nurl = \"mysql://h/stock\"\n[source.shop]";
    let two = with_kafka("table = \"stock.stock.parts\"").replace("[source.shop]", another);
    let config = loaded(&two).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.views[1].sql, "select * from \"stock\".\"stock\".\"parts\"");
    let SinkConfig::Kafka(sink) = &config.sinks[2] else { panic!("a sink of Kafka") };
    let origin = sink.origin.as_ref().expect("an origin");
    assert_eq!((origin.database.as_deref(), origin.schema.as_deref()), (Some("stock"), None));
}

#[test]
fn what_is_wrong_in_a_sink_of_kafka_is_named() {
    let cases = [
        ("view = \"card\"\nformat = \"xml\"", "format: \"xml\" is no format"),
        ("view = \"card\"\nformat = \"avro\"", "registry: is missing: format \"avro\" registers its schemas"),
        ("view = \"card\"\nregistry = \"http://r\"", "registry: is not for format \"json\""),
        (
            "view = \"card\"\nformat = \"protobuf\"\nregistry = \"http://r\"\nmode = \"append\"",
            "mode: format \"protobuf\" writes rows, not events",
        ),
        ("view = \"card\"\nschemas = false", "schemas: is not for format \"json\""),
        ("view = \"card\"\nformat = \"debezium\"\ndecimals = \"exact\"", "decimals: \"exact\" is not known here"),
        ("view = \"card\"\nmode = \"both\"", "mode: \"both\" is no mode"),
        ("view = \"card\"\npartitions = 0", "partitions: is not a number that brokers take"),
        ("view = \"card\"\ncompression = \"rar\"", "compression: \"rar\" is no compression that is known here"),
        ("view = \"card\"\ncursor_topic = \"orders\"", "topic: is the topic of cursors"),
        ("view = \"card\"\ncursor_topic = \"or ders\"", "cursor_topic: \"or ders\" is no name of a topic"),
        ("view = \"card\"\npartition_by = []", "partition_by: names no column"),
        ("view = \"card\"\ntable = \"orders\"", "table: stands beside \"view\""),
        ("table = \"a.b.c.d\"", "table: \"a.b.c.d\" is not a table name"),
        ("table = \"other.public.orders\"", "table: \"other.public.orders\" does not say which source it is of"),
        (
            "view = \"card\"\ntopic_config = { \"cleanup.policy\" = \"delete\" }",
            "topic_config: cleanup.policy = \"delete\" does not fit the mode",
        ),
    ];
    for (keys, wanted) in cases {
        let found = problems(&with_kafka(keys));
        assert!(found.len() == 1 && found[0].ends_with(&format!("sink.out.{wanted}")), "{keys}: {found:?}");
    }
}

#[test]
fn a_source_of_kafka_is_read_with_its_tables_and_what_is_wrong_is_named() {
    let with = |text: &str| format!("[source.clicks]\ntype = \"kafka\"\nbrokers = \"one:9092,two\"\n{text}\n");
    let good = with(
        "password = \"${SECRET}\"\nuser = \"u\"\nsasl = \"plain\"\n\
         [source.clicks.table.click]\nmode = \"append\"\nbad_messages = \"table\"\ncolumns = { page = \"text\", id = \"bigint\" }\n\
         [source.clicks.table.person]\ntopic = \"people\"\nmode = \"upsert\"\nformat = \"debezium\"\nkey = [\"id\"]\n\
         columns = { id = \"numeric(10,2)\", v = \"int[]\" }",
    );
    let config = loaded(&good.replace("${SECRET}", "p")).unwrap_or_else(|error| panic!("{error}"));
    let SourceKind::Kafka(kafka) = &config.sources[0].kind else { panic!("a source of Kafka") };
    assert_eq!((kafka.group.as_deref(), kafka.isolation), (Some("tailwater-clicks"), Isolation::Committed));
    let tables: Vec<String> = config.sources[0].tables.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(tables, ["clicks.public.click", "clicks.public.click_bad", "clicks.public.person"]);
    let [click, person] = &kafka.tables[..] else { panic!("{:?}", kafka.tables) };
    assert_eq!(
        (click.topic.as_str(), click.messages.mode, &click.messages.key_format),
        ("click", Mode::Append, &Format::Bytes)
    );
    assert_eq!(click.messages.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["page", "id"]);
    assert_eq!(
        (person.topic.as_str(), &person.messages.key[..], &person.messages.key_format),
        ("people", &[0][..], &Format::Debezium)
    );
    assert_eq!(
        problems(&with(
            "isolation = \"none\"\n[source.clicks.table.a]\nmode = \"append\"\nformat = \"xml\"\nkey = [\"id\"]\ncolumns = { id = \"money\" }\n\
             [source.clicks.table.b]\ntopic = \"a\"\nmode = \"upsert\"\ncolumns = { _key = \"text\", d = \"json\" }\n\
             [source.clicks.table.c]\nmode = \"upsert\"\nkey = [\"x\"]\nslot = \"s\""
        )),
        [
            "4 source.clicks.isolation: \"none\" is not known here",
            "7 source.clicks.table.a.format: \"xml\" is no format",
            "8 source.clicks.table.a.key: stands in an append table, whose rows are messages",
            "8 source.clicks.table.a.key: there is no column \"id\"",
            "9 source.clicks.table.a.columns: \"money\" of column \"id\" is no type",
            "10 source.clicks.table.b.key: is missing",
            "11 source.clicks.table.b.topic: topic \"a\" is read by table \"a\" already",
            "13 source.clicks.table.b.columns: \"_key\" is there anyway",
            "14 source.clicks.table.c.columns: no column is declared",
            "16 source.clicks.table.c.key: there is no column \"x\"",
            "17 source.clicks.table.c.slot: unknown key",
        ]
    );
}

#[test]
fn formats_with_a_schema_need_a_registry_or_a_file() {
    let with = |source: &str, table: &str| {
        format!(
            "[source.shop]\ntype = \"kafka\"\nbrokers = \"one:9092\"\n{source}\n[source.shop.table.placed]\nmode = \"upsert\"\n\
             columns = {{ id = \"bigint\", v = \"jsonb\" }}\nkey = [\"id\"]\n{table}\n"
        )
    };
    let login = "registry = \"http://a:8081, https://b\"\nregistry_user = \"u\"\nregistry_password = \"p\"";
    let config = loaded(&with(login, "format = \"avro\"")).unwrap_or_else(|error| panic!("{error}"));
    let SourceKind::Kafka(kafka) = &config.sources[0].kind else { panic!("a source of Kafka") };
    let (Format::Schema(value), Format::Schema(key)) =
        (&kafka.tables[0].messages.format, &kafka.tables[0].messages.key_format)
    else {
        panic!("schemas of both parts")
    };
    assert_eq!((value.name(), key), ("avro", value));
    let SchemaFrom::Registry(registry) = &value.from else { panic!("a registry") };
    assert_eq!(registry.addresses, ["http://a:8081", "https://b"]);
    assert_eq!(registry.login, Some(("u".into(), "p".into())));
    for (source, table, expected) in [
        ("", "format = \"avro\"", "placed.format: needs the schemas of its messages"),
        ("registry = \"a:8081\"", "format = \"avro\"", "shop.registry: is no address"),
        ("registry = \"http://u:p@a\"", "format = \"avro\"", "shop.registry: has a login in it"),
        ("registry_user = \"u\"", "format = \"json\"", "shop.registry: is missing beside \"registry_*\""),
        ("registry = \"http://a\"", "format = \"avro\"\nmessage = \"M\"", "placed.message: is for Protobuf alone"),
        ("registry = \"http://a\"", "format = \"avro\"\nenvelope = \"x\"", "placed.envelope: \"x\" is not known here"),
        ("", "format = \"avro\"\nschema = \"/nowhere.avsc\"", "placed.format: schema \"/nowhere.avsc\" cannot be read"),
    ] {
        let found = problems(&with(source, table));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn a_source_of_kinesis_is_read_with_its_tables_and_what_is_wrong_is_named() {
    let with = |text: &str| format!("[source.clicks]\ntype = \"kinesis\"\n{text}\n");
    let keys = "region = \"eu-central-1\"\naccess_key = \"a\"\nsecret_key = \"s\"\n";
    let good = with(&format!(
        "{keys}session_token = \"t\"\nendpoint = \"http://localhost:4567\"\nread_interval = \"1s\"\non_lost = \"skip\"\n\
         [source.clicks.table.click]\nmode = \"append\"\nbad_messages = \"table\"\ncolumns = {{ page = \"text\" }}\n\
         [source.clicks.table.person]\nstream = \"people\"\nmode = \"upsert\"\nkey_format = \"string\"\nkey = [\"id\"]\n\
         columns = {{ id = \"text\", v = \"int[]\" }}"
    ));
    let config = loaded(&good).unwrap_or_else(|error| panic!("{error}"));
    let SourceKind::Kinesis(kinesis) = &config.sources[0].kind else { panic!("a source of Kinesis") };
    let connection = &kinesis.connection;
    assert_eq!(
        (connection.region.as_str(), connection.endpoint.as_deref()),
        ("eu-central-1", Some("http://localhost:4567"))
    );
    assert_eq!(connection.credentials.session_token.as_deref(), Some("t"));
    assert_eq!((kinesis.read_interval, kinesis.on_lost), (std::time::Duration::from_secs(1), OnLost::Skip));
    let tables: Vec<String> = config.sources[0].tables.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(tables, ["clicks.public.click", "clicks.public.click_bad", "clicks.public.person"]);
    let [click, person] = &kinesis.tables[..] else { panic!("{:?}", kinesis.tables) };
    assert_eq!((click.stream.as_str(), person.stream.as_str()), ("click", "people"));
    assert_eq!(person.messages.key_format, Format::String);
    assert_eq!(
        problems(&with(
            "region = \"eu central\"\nendpoint = \"http://user@host\"\nsecret_key = \"s\"\nread_interval = \"1ms\"\n\
             [source.clicks.table.a]\nmode = \"append\"\nstream = \"a b\"\ncolumns = { _shard = \"text\" }\ntopic = \"a\""
        )),
        [
            "1 source.clicks.access_key: and \"secret_key\" go together",
            "3 source.clicks.region: \"eu central\" is no region",
            "4 source.clicks.endpoint: has a login in it",
            "6 source.clicks.read_interval: is too short",
            "9 source.clicks.table.a.stream: is not a stream's name",
            "10 source.clicks.table.a.columns: \"_shard\" is there anyway",
            "11 source.clicks.table.a.topic: unknown key",
        ]
    );
}
