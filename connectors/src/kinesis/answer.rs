//! What Kinesis answers, as JSON: <https://docs.aws.amazon.com/kinesis/latest/APIReference/>. Pure; fuzzed. What is not understood is an
//! error, never passed over.

use serde::Deserialize;
use smol_str::SmolStr;

use super::sequence::{Sequence, ShardId};
use crate::kafka::base64;

/// An answer of another form than documented: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Garbled(pub(super) String);

/// A stream as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Summary {
    /// `ACTIVE`, `CREATING`, `DELETING`, `UPDATING`.
    pub(super) status: SmolStr,
    /// Region and account of its name: `us-east-1:000000000000`.
    pub(super) owner: SmolStr,
    /// When it was made, in milliseconds since 1970: tells it from another stream of its name.
    pub(super) created: i64,
    pub(super) retention_seconds: i64,
}

/// A shard of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) id: ShardId,
    /// Those that were split or merged into it.
    pub(super) parents: Vec<ShardId>,
    /// It takes records.
    pub(super) is_open: bool,
}

/// Some shards of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shards {
    pub(super) shards: Vec<Shard>,
    /// Asks for more.
    pub(super) next: Option<String>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) sequence: Sequence,
    pub(super) key: String,
    pub(super) data: Vec<u8>,
    /// About when it came, in milliseconds since 1970.
    pub(super) arrived: Option<i64>,
}

/// Some records of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) records: Vec<Record>,
    /// Asks for what follows; `None`: nothing ever will.
    pub(super) next: Option<String>,
    /// How far what follows is behind the end of the shard.
    pub(super) behind_millis: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawSummary {
    stream_description_summary: RawDescription,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawDescription {
    stream_status: SmolStr,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_creation_timestamp: f64,
    retention_period_hours: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawShards {
    shards: Vec<RawShard>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawShard {
    shard_id: String,
    parent_shard_id: Option<String>,
    adjacent_parent_shard_id: Option<String>,
    sequence_number_range: RawRange,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRange {
    ending_sequence_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRecords {
    records: Vec<RawRecord>,
    next_shard_iterator: Option<String>,
    millis_behind_latest: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRecord {
    sequence_number: String,
    partition_key: String,
    data: String,
    approximate_arrival_timestamp: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawIterator {
    shard_iterator: String,
}

/// Reads the answer to DescribeStreamSummary.
pub(super) fn summary(text: &str) -> Result<Summary, Garbled> {
    let RawSummary { stream_description_summary: raw } = read(text)?;
    // arn:aws:kinesis:REGION:ACCOUNT:stream/NAME
    let parts: Vec<&str> = raw.stream_arn.split(':').collect();
    let [_, _, _, region, account, ..] = parts[..] else {
        return Err(Garbled("a stream's ARN without region and account".into()));
    };
    Ok(Summary {
        status: raw.stream_status,
        owner: format!("{region}:{account}").into(),
        created: millis(raw.stream_creation_timestamp),
        retention_seconds: raw.retention_period_hours.saturating_mul(3_600),
    })
}

/// Reads the answer to ListShards.
pub(super) fn shards(text: &str) -> Result<Shards, Garbled> {
    let raw: RawShards = read(text)?;
    let shard = |raw: RawShard| {
        let parents = [raw.parent_shard_id, raw.adjacent_parent_shard_id].into_iter().flatten();
        Ok(Shard {
            id: shard_id(&raw.shard_id)?,
            parents: parents.map(|parent| shard_id(&parent)).collect::<Result<_, _>>()?,
            is_open: raw.sequence_number_range.ending_sequence_number.is_none(),
        })
    };
    Ok(Shards { shards: raw.shards.into_iter().map(shard).collect::<Result<_, _>>()?, next: raw.next_token })
}

/// Reads the answer to GetShardIterator.
pub(super) fn iterator(text: &str) -> Result<String, Garbled> {
    read::<RawIterator>(text).map(|raw| raw.shard_iterator)
}

/// Reads the answer to GetRecords: records in ascending order.
pub(super) fn records(text: &str) -> Result<Records, Garbled> {
    let raw: RawRecords = read(text)?;
    let mut records: Vec<Record> = Vec::with_capacity(raw.records.len());
    for raw in raw.records {
        let sequence = Sequence::read(&raw.sequence_number)
            .ok_or_else(|| Garbled(format!("\"{}\" is no sequence number", raw.sequence_number)))?;
        if records.last().is_some_and(|last| last.sequence >= sequence) {
            return Err(Garbled(format!("record {sequence} does not stand behind the one before it")));
        }
        let data = base64::decode(&raw.data).ok_or_else(|| Garbled(format!("record {sequence} is no base64")))?;
        let arrived = raw.approximate_arrival_timestamp.map(millis);
        records.push(Record { sequence, key: raw.partition_key, data, arrived });
    }
    let behind_millis = raw.millis_behind_latest.unwrap_or(0).max(0);
    Ok(Records { records, next: raw.next_shard_iterator, behind_millis })
}

/// Looks at an answer as each of them; for fuzzing.
#[doc(hidden)]
pub fn read_any(text: &str) {
    let _ = (summary(text), shards(text), iterator(text), records(text));
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Garbled> {
    // The parser's own words may quote what it read.
    let place = |error: serde_json::Error| {
        Garbled(format!("an answer of another form (line {}, column {})", error.line(), error.column()))
    };
    serde_json::from_str(text).map_err(place)
}

/// Of seconds; what no clock can say becomes the nearest that an integer can.
fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

fn shard_id(text: &str) -> Result<ShardId, Garbled> {
    ShardId::read(text).ok_or_else(|| Garbled(format!("a shard is named \"{text}\", not shardId- and twelve digits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_answers_are_read() {
        let text = r#"{"StreamDescriptionSummary":{"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"OpenShardCount":1,
            "RetentionPeriodHours":24,"StreamARN":"arn:aws:kinesis:us-west-2:123456789012:stream/exampleStreamName",
            "StreamCreationTimestamp":1.507825791E9,"StreamName":"exampleStreamName","StreamStatus":"ACTIVE"}}"#;
        let found = summary(text).expect("an answer");
        assert_eq!((found.status.as_str(), found.owner.as_str()), ("ACTIVE", "us-west-2:123456789012"));
        assert_eq!((found.created, found.retention_seconds), (1_507_825_791_000, 86_400));
        let text = r#"{"NextToken":"more","Shards":[
            {"HashKeyRange":{"EndingHashKey":"1","StartingHashKey":"0"},"ParentShardId":"shardId-000000000000","AdjacentParentShardId":"shardId-000000000001",
             "SequenceNumberRange":{"StartingSequenceNumber":"4957"},"ShardId":"shardId-000000000002"},
            {"ShardId":"shardId-000000000000","SequenceNumberRange":{"StartingSequenceNumber":"1","EndingSequenceNumber":"2"}}]}"#;
        let merged = Shard { id: ShardId(2), parents: vec![ShardId(0), ShardId(1)], is_open: true };
        let closed = Shard { id: ShardId(0), parents: Vec::new(), is_open: false };
        assert_eq!(shards(text), Ok(Shards { shards: vec![merged, closed], next: Some("more".into()) }));
    }

    #[test]
    fn records_are_read_in_ascending_order_or_not_at_all() {
        let record = |sequence: &str| {
            format!(
                r#"{{"Data":"XzxkYXRhPl8x","PartitionKey":"k","ApproximateArrivalTimestamp":1.441215410867E9,"SequenceNumber":"{sequence}"}}"#
            )
        };
        let answer = |records: &[String]| {
            records_of(&format!(
                r#"{{"MillisBehindLatest":2100,"NextShardIterator":"AAA","Records":[{}]}}"#,
                records.join(",")
            ))
        };
        let found = answer(&[record("9"), record("21269319989652663814458848515492872193")]).expect("records");
        assert_eq!((found.behind_millis, found.next.as_deref(), found.records.len()), (2_100, Some("AAA"), 2));
        let Record { key, data, arrived, .. } = &found.records[1];
        assert_eq!((key.as_str(), &data[..], *arrived), ("k", &b"_<data>_1"[..], Some(1_441_215_410_867)));
        assert_eq!(
            answer(&[record("10"), record("9")]),
            Err(Garbled("record 9 does not stand behind the one before it".into()))
        );
        assert!(answer(&[record("x")]).is_err());
        let ended = records_of(r#"{"Records":[],"MillisBehindLatest":0}"#).expect("an answer");
        assert_eq!(ended.next, None);
        let secret = records_of(r#"{"Records":"secret"}"#).expect_err("no records");
        assert!(!secret.0.contains("secret"), "{secret:?}");
    }

    fn records_of(text: &str) -> Result<Records, Garbled> {
        records(text)
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[\{\}\[\]",:a-zA-Z0-9=\-\. ]{0,200}"#) {
            read_any(&text);
        }
    }
}
