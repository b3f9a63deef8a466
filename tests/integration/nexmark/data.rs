//! Tables of Nexmark and their rows, as the benchmark's generator makes them.

use nexmark::EventGenerator;
use nexmark::config::NexmarkConfig;
use nexmark::event::Event;

/// The benchmark's streams as tables; bids have a number, which its streams lack. The rows of the three `later_` tables come
/// later; nothing reads them but the transactions.
pub(super) const TABLES: &str = "
create table person (id bigint primary key, name text not null, email_address text not null, credit_card text not null,
    city text not null, state text not null, date_time timestamp not null, extra text not null);
create table auction (id bigint primary key, item_name text not null, description text not null, initial_bid bigint not null,
    reserve bigint not null, date_time timestamp not null, expires timestamp not null, seller bigint not null, category bigint not null,
    extra text not null);
create table bid (id bigint primary key, auction bigint not null, bidder bigint not null, price bigint not null, channel text not null,
    url text not null, date_time timestamp not null, extra text not null);
create table side_input (key bigint primary key, value text not null);
create table later_person (like person);
create table later_auction (like auction);
create table later_bid (like bid);
insert into side_input select key, 'side ' || key from generate_series(0, 99) key;";

/// 15 July 2015, in milliseconds since 1970.
const START: u64 = 1_436_918_400_000;
/// The generator makes thousands of events a second; so few would stand in one window.
const SLOWER: u64 = 500;
/// Every so many events one comes later.
const LATER: usize = 5;

/// A timestamp as Postgres reads it.
fn time(milliseconds: u64) -> String {
    let milliseconds = START + (milliseconds - START) * SLOWER;
    let time = chrono::DateTime::from_timestamp_millis(milliseconds as i64).unwrap();
    time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Rows of all tables, for COPY.
pub(super) fn rows(events: usize) -> Vec<(String, String)> {
    let config = NexmarkConfig { base_time: START, ..NexmarkConfig::default() };
    let mut tables =
        ["person", "auction", "bid", "later_person", "later_auction", "later_bid"].map(|table| (table, String::new()));
    for (number, event) in EventGenerator::new(config).take(events).enumerate() {
        let (table, cells) = match event {
            Event::Person(p) => {
                let time = time(p.date_time);
                (0, vec![p.id.to_string(), p.name, p.email_address, p.credit_card, p.city, p.state, time, p.extra])
            }
            Event::Auction(a) => {
                let numbers = [a.initial_bid, a.reserve].map(|number| number.to_string());
                let [initial_bid, reserve] = numbers;
                let (opened, expires) = (time(a.date_time), time(a.expires));
                let (seller, category) = (a.seller.to_string(), a.category.to_string());
                let id = a.id.to_string();
                (
                    1,
                    vec![
                        id,
                        a.item_name,
                        a.description,
                        initial_bid,
                        reserve,
                        opened,
                        expires,
                        seller,
                        category,
                        a.extra,
                    ],
                )
            }
            Event::Bid(b) => {
                let [id, auction, bidder, price] =
                    [number, b.auction, b.bidder, b.price].map(|number| number.to_string());
                (2, vec![id, auction, bidder, price, b.channel, b.url, time(b.date_time), b.extra])
            }
        };
        let table = if number % LATER == 0 { table + 3 } else { table };
        tables[table].1.push_str(&cells.join("|").replace('\\', "\\\\"));
        tables[table].1.push('\n');
    }
    tables.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(table, rows)| (table.to_owned(), rows)).collect()
}
