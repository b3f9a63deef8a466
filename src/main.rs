//! The `tailwater` program.

use std::process::ExitCode;

/// Rows are many small allocations, made on one thread, freed on another, a step's worth at once. The system's allocator takes
/// a quarter of the time for that; and one that gives memory back between two steps has the kernel clear it again and again.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    tailwater::cli::main()
}
