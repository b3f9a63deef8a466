//! Rules of docs/STYLE.md that a compiler does not know: import direction, sizes, words.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the daemon, top first: each imports only from those after it. `config` and `telemetry` stand beside.
const MODULES: [&str; 6] = ["cli", "server", "pipeline", "sql", "engine", "state"];
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("source directories can be read") {
        let path = entry.expect("entries can be read").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn product_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    rust_files(&root().join("src"), &mut found);
    rust_files(&root().join("connectors/src"), &mut found);
    found.sort();
    assert!(found.len() > 50, "the walk finds the sources");
    found
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.file_name().is_some_and(|name| name == "tests.rs")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("sources are text")
}

/// The part before a `mod tests {` at the end.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (index, module) in MODULES.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&root().join("src").join(module), &mut files);
        for file in files.iter().filter(|file| !is_test_file(file)) {
            let text = read(file);
            for above in &MODULES[..index] {
                if without_tests(&text).contains(&format!("crate::{above}::")) {
                    wrong.push(format!("{}: imports crate::{above}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn engine_sql_and_state_are_synchronous_and_deterministic() {
    let forbidden = ["async fn", "tokio::", "SystemTime", "Instant::now", "rand::", "std::env::"];
    let mut wrong = Vec::new();
    for module in ["engine", "sql", "state"] {
        let mut files = Vec::new();
        rust_files(&root().join("src").join(module), &mut files);
        for file in files.iter().filter(|file| !is_test_file(file)) {
            let text = read(file);
            for word in forbidden.iter().filter(|word| without_tests(&text).contains(**word)) {
                wrong.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_open_with_their_job_and_stay_small() {
    let mut wrong = Vec::new();
    for file in product_files() {
        let text = read(&file);
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no module docs", file.display()));
        }
        let lines = without_tests(&text).lines().count();
        if !is_test_file(&file) && lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", file.display()));
        }
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if ["utils", "util", "common", "types", "base", "core", "helpers", "misc"].contains(&stem) {
            wrong.push(format!("{}: a name without a noun", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Line count of each long function: from the line with `fn name` to the closing brace in the same column.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let heads = ["", "pub ", "pub(super) ", "pub(crate) "];
        let is_head = heads.iter().any(|head| {
            trimmed.strip_prefix(head).is_some_and(|rest| rest.starts_with("fn ") || rest.starts_with("async fn "))
        });
        let signature_end =
            lines[start..].iter().find(|line| line.ends_with('{') || line.ends_with(';') || line.ends_with('}'));
        if !is_head || signature_end.is_none_or(|end| !end.ends_with('{')) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(line.len() - trimmed.len()));
        let length = lines[start..].iter().position(|line| **line == closing).map_or(1, |end| end + 1);
        if length > FUNCTION_LINES_MAX {
            found.push((trimmed.to_string(), length));
        }
    }
    found
}

#[test]
fn functions_fit_a_screen() {
    let mut long = Vec::new();
    for file in product_files().iter().filter(|file| !is_test_file(file)) {
        for (head, lines) in long_functions(without_tests(&read(file))) {
            long.push(format!("{}: {lines} lines: {head}", file.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_test_is_ignored_without_a_reason() {
    let mut files = product_files();
    rust_files(&root().join("tests"), &mut files);
    let this = Path::new(file!()).file_name().expect("this file has a name");
    let silent = files.iter().filter(|file| file.file_name() != Some(this) && read(file).contains("#[ignore]"));
    let silent: Vec<_> = silent.map(|file| file.display().to_string()).collect();
    assert!(silent.is_empty(), "#[ignore] needs a reason: {}", silent.join(", "));
}
