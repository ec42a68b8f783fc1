//! The manifest that the demo applies: the one in `examples/`, so that the
//! example is known to work.

use std::fs;

use errand_testbed::{ACCESS_KEY, SECRET_KEY, repository};

/// What the example calls its objects, and the ids in it.
pub const NAME: &str = "keep-orders-cache-small";
pub const CONNECTION: &str = "huawei-prod";
pub const INSTANCE: &str = "5560df16-cebf-4473-95c4-d1b573c16e79";
pub const TASK: &str = "8abfa7b27da211df017da340427b0979";

const FILE: &str = "examples/resize-cancellation.yaml";

/// The example without its comments, with the simulator's endpoint and key.
pub fn for_simulator(url: &str) -> Result<String, String> {
    let text = fs::read_to_string(repository().join(FILE)).map_err(|e| format!("{FILE}: {e}"))?;
    let text = replace(&text, "  # endpoints:", "  endpoints:")?;
    let text = replace(&text, "http://127.0.0.1:7000", url)?;
    let text = replace(&text, "YOUR-ACCESS-KEY-ID", ACCESS_KEY)?;
    let text = replace(&text, "YOUR-SECRET-ACCESS-KEY", SECRET_KEY)?;
    for id in [NAME, INSTANCE, TASK] {
        once(&text.replace(&format!("rsc/{id}"), ""), id)?;
    }
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| line.split(" # ").next().unwrap_or(line));
    Ok(lines
        .skip_while(|line| *line == "---")
        .collect::<Vec<_>>()
        .join("\n")
        + "\n")
}

/// For people to read: without the secret.
pub fn shown(manifest: &str) -> String {
    manifest.replace(SECRET_KEY, "(the simulator's)")
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, String> {
    once(text, from)?;
    Ok(text.replace(from, to))
}

fn once(text: &str, part: &str) -> Result<(), String> {
    match text.matches(part).count() {
        1 => Ok(()),
        count => Err(format!("{FILE} has {count} times {part:?}, not once")),
    }
}
