//! The demo's data: shipped compressed, loaded by COPY.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::SinkExt;
use tokio_postgres::Client;

use crate::cli::failure::Failure;

const SCHEMA: &str = include_str!("schema.sql");
const TABLES: [(&str, &[u8]); 5] = [
    ("airlines", include_bytes!("data/airlines.csv.gz")),
    ("airports", include_bytes!("data/airports.csv.gz")),
    ("planes", include_bytes!("data/planes.csv.gz")),
    ("weather", include_bytes!("data/weather.csv.gz")),
    ("flights", include_bytes!("data/flights.csv.gz")),
];

/// Makes the tables and loads them; answers the number of rows.
pub(super) async fn load(client: &Client) -> Result<u64, Failure> {
    client.batch_execute(SCHEMA).await.map_err(postgres)?;
    let mut rows = 0;
    for (table, compressed) in TABLES {
        let mut text = Vec::new();
        GzDecoder::new(compressed).read_to_end(&mut text)?;
        let sink = client.copy_in(&format!("copy {table} from stdin (format csv, header)")).await.map_err(postgres)?;
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from(text)).await.map_err(postgres)?;
        rows += sink.finish().await.map_err(postgres)?;
    }
    client.batch_execute("analyze").await.map_err(postgres)?;
    Ok(rows)
}

/// What Postgres said, as this command's failure.
pub(super) fn postgres(error: tokio_postgres::Error) -> Failure {
    let said = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_string());
    Failure::failed(format!("the demo's Postgres: {said}"))
}
