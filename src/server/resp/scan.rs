//! SCAN, KEYS, DBSIZE: over all views in configuration order, each in key order.

use tailwater_connectors::{Row, ViewSchema};

use super::super::key::write_key;
use super::arguments::Arguments;
use super::cursors::Place;
use super::pattern::{literal_prefix, matches};
use super::reply::Reply;
use super::request::number;
use super::rows::check_size;
use super::session::{Moment, Refusal, Session};

/// Rows looked at by one SCAN when it does not say, as in Redis.
const DEFAULT_COUNT: usize = 10;
/// Most rows looked at by one SCAN.
const COUNT_MAX: usize = 10_000;
/// Most rows that KEYS and DBSIZE look at.
const ROWS_MAX: usize = 1_000_000;
/// Rows taken from the state at a time.
const ROWS_AT_A_TIME: usize = 1_000;

struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    /// Whether keys of the type that was asked for can exist.
    possible: bool,
}

/// What is looked for.
struct Search<'a> {
    pattern: Option<&'a [u8]>,
    /// About how many rows to look at.
    count: usize,
    /// Whether keys are wanted, not only their number.
    keys: bool,
}

/// Keys found, and where to go on.
#[derive(Default)]
struct Found {
    keys: Vec<String>,
    rows: usize,
    next: Option<Place>,
}

impl Session {
    /// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
    pub(super) fn scan(
        &mut self,
        moment: Moment<'_>,
        arguments: Arguments<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let cursor = std::str::from_utf8(arguments.get(1)).ok().and_then(|text| text.parse::<u64>().ok());
        let options = scan_options(arguments)?;
        let views = &moment.generation.projections.views;
        let place = match cursor.ok_or_else(|| Refusal::new("ERR invalid cursor"))? {
            0 => Place::start(views),
            cursor => self.shared.cursors.find(cursor).map(|place| place.among(views)).ok_or_else(|| {
                Refusal::new(
                    "ERR invalid cursor: it was not given out by this process or is too old; start again with 0",
                )
            })?,
        };
        let found = if options.possible {
            self.find(moment, place, &Search { pattern: options.pattern, count: options.count, keys: true })?
        } else {
            Found::default()
        };
        let cursor = found.next.map_or(0, |next| self.shared.cursors.keep(next));
        reply.array(2);
        reply.bulk(cursor.to_string().as_bytes());
        reply.array(found.keys.len());
        found.keys.iter().for_each(|key| reply.bulk(key.as_bytes()));
        Ok(())
    }

    /// KEYS pattern
    pub(super) fn keys(
        &mut self,
        moment: Moment<'_>,
        arguments: Arguments<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<(), Refusal> {
        let search = Search { pattern: Some(arguments.get(1)), count: ROWS_MAX, keys: true };
        let found = self.find(moment, Place::start(&moment.generation.projections.views), &search)?;
        if found.next.is_some() {
            return Err(Refusal(format!("ERR KEYS looks at {ROWS_MAX} rows at most: use SCAN")));
        }
        let start = reply.out.len();
        reply.array(found.keys.len());
        found.keys.iter().try_for_each(|key| {
            reply.bulk(key.as_bytes());
            check_size(reply, start)
        })
    }

    /// DBSIZE: the number of rows, counted.
    pub(super) fn dbsize(&mut self, moment: Moment<'_>, reply: &mut Reply<'_>) -> Result<(), Refusal> {
        let search = Search { pattern: None, count: ROWS_MAX, keys: false };
        let found = self.find(moment, Place::start(&moment.generation.projections.views), &search)?;
        if found.next.is_some() {
            return Err(Refusal(format!("ERR DBSIZE counts {ROWS_MAX} rows at most")));
        }
        reply.integer(found.rows as i64);
        Ok(())
    }

    /// Looks at about `count` rows from `place` on, of views that the pattern may match.
    fn find(&self, moment: Moment<'_>, mut place: Place, search: &Search<'_>) -> Result<Found, Refusal> {
        let (prefix, exact) = literal_prefix(search.pattern.unwrap_or(b"*"));
        let mut found = Found::default();
        while let Some(next) = place.views.get(place.view) {
            if !may_hold(&next.name, &prefix, exact) {
                place = Place { view: place.view + 1, after: None, ..place };
                continue;
            }
            if found.rows >= search.count {
                found.next = Some(place);
                break;
            }
            let view = self.check_live(moment, place.view)?;
            let limit = (search.count - found.rows).min(ROWS_AT_A_TIME);
            let page = moment.reader.view_rows(&view.name, place.after.as_deref(), limit)?;
            found.rows += page.rows.len();
            if search.keys {
                let keys = page.rows.iter().map(|row| key_of(view, row));
                let wanted = |key: &String| search.pattern.is_none_or(|pattern| matches(pattern, key.as_bytes()));
                found.keys.extend(keys.filter(wanted));
            }
            place = match page.next {
                Some(after) => Place { after: Some(after), ..place },
                None => Place { view: place.view + 1, after: None, ..place },
            };
        }
        Ok(found)
    }
}

fn key_of(view: &ViewSchema, row: &Row) -> String {
    let mut key = format!("{}:", view.name);
    write_key(&mut key, view, row, ':');
    key
}

/// Whether a key of the view can start with `prefix`, or be it.
fn may_hold(view: &str, prefix: &[u8], exact: bool) -> bool {
    let name = [view.as_bytes(), b":"].concat();
    prefix.starts_with(&name) || (!exact && name.starts_with(prefix))
}

fn scan_options(arguments: Arguments<'_>) -> Result<ScanOptions<'_>, Refusal> {
    let mut options = ScanOptions { pattern: None, count: DEFAULT_COUNT, possible: true };
    for option in (2..arguments.len()).step_by(2) {
        if option + 1 >= arguments.len() {
            return Err(Refusal::syntax());
        }
        let value = arguments.get(option + 1);
        if arguments.is(option, "match") {
            options.pattern = Some(value).filter(|pattern| *pattern != b"*");
        } else if arguments.is(option, "count") {
            let count = number(value).ok_or_else(|| Refusal::new("ERR value is not an integer or out of range"))?;
            let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(Refusal::syntax)?;
            options.count = count.min(COUNT_MAX);
        } else if arguments.is(option, "type") {
            options.possible = value.eq_ignore_ascii_case(b"hash");
        } else {
            return Err(Refusal::syntax());
        }
    }
    Ok(options)
}
