//! The first copy alone, several times: each next to a COPY of its own, as a busy machine changes from minute to minute.

use std::io::{self, Write as _};

use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tokio::runtime::Runtime;

use crate::{Outcome, Sizes, daemon, limits, load};

/// Copies of each scenario.
const RUNS: usize = 5;

/// Prints the ratios to COPY of every run, and their median.
pub(crate) fn run(
    (runtime, database, redis): (&Runtime, &PrivatePostgres, &PrivateRedis),
    sizes: &Sizes,
    only: &str,
) -> Outcome<()> {
    load::tables(runtime, database, sizes)?;
    for scenario in load::SCENARIOS.iter().filter(|scenario| scenario.name.contains(only)) {
        let mut ratios = Vec::new();
        for _ in 0..RUNS {
            let limit = limits::copy(database, sizes.rows)?;
            let mut bench = daemon::Bench::new(database, redis, scenario)?;
            let (live, _) = bench.first_copy(load::copied_rows(scenario, sizes))?;
            let peak = bench.peak_memory()? / f64::from(1 << 20);
            bench.stop()?;
            load::clean_up(runtime, database, redis)?;
            eprintln!("{}: {live:.0} rows/s, COPY {limit:.0}, peak {peak:.0} MiB", scenario.name);
            ratios.push(live / limit);
        }
        ratios.sort_by(f64::total_cmp);
        let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
        writeln!(io::stdout(), "{}: median {:.3} of COPY ({})", scenario.name, ratios[RUNS / 2], shown.join(", "))?;
    }
    Ok(())
}
