//! Live traffic: small transactions that keep changing flights.

use tokio_postgres::Client;

use super::data::postgres;
use super::random::Random;
use crate::cli::failure::Failure;

/// Flights in the data; ids above are ours.
const FLIGHTS: u64 = 27_004;

/// One transaction of one of the kinds that an airport sees.
pub(super) async fn transaction(client: &Client, random: &mut Random) -> Result<(), Failure> {
    let id = 1 + random.below(FLIGHTS);
    let delay = random.below(240) as i64 - 20;
    let sql = match random.below(10) {
        0..=4 => format!("update flights set dep_delay = {delay}, arr_delay = {delay} - 5 where id = {id}"),
        5 => format!(
            "update flights set tailnum = (select tailnum from flights where id = {}) where id = {id}",
            id / 2 + 1
        ),
        6 => format!(
            "begin; delete from flights where id = {new}; insert into flights select {new}, dep_time, sched_dep_time, dep_delay, \
             arr_time, sched_arr_time, arr_delay, carrier, flight, tailnum, origin, dest, air_time, distance, time_hour \
             from flights where id = {id}; commit",
            new = FLIGHTS + 1 + random.below(2_000)
        ),
        7 => format!("delete from flights where id = {}", FLIGHTS + 1 + random.below(2_000)),
        8 => format!("update flights set dep_time = null, dep_delay = null, arr_delay = null where id = {id}"),
        _ => format!(
            "update weather set temp = temp + 0.5 where (origin, time_hour) = (select origin, time_hour from flights where id = {id})"
        ),
    };
    client.batch_execute(&sql).await.map_err(postgres)
}
