//! The manifests that the demo applies: those in `examples/`, so that the examples
//! are known to work.

use std::fs;

use errand_testbed::{ACCESS_KEY, CLUSTER, DOMAIN, SECRET_KEY, repository};

/// What the examples call their connection.
pub const CONNECTION: &str = "huawei-prod";

/// What the example of a cancellation calls its object, and the ids in it.
pub const NAME: &str = "keep-orders-cache-small";
pub const INSTANCE: &str = "5560df16-cebf-4473-95c4-d1b573c16e79";
pub const TASK: &str = "8abfa7b27da211df017da340427b0979";

/// What the example of an order calls its object, and the ids in it.
pub const ORDER: &str = "larger-desktop-for-design";
pub const DESKTOP: &str = "f8f7fe7a-9043-44ff-815e-ad20fc779d18";
pub const PRODUCT: &str = "workspacehost.k.xlarge4";

/// A file, read without its comments, with the simulator's endpoint and key.
struct Example {
    file: &'static str,
    text: String,
}

/// The example of a cancellation.
pub fn for_simulator(url: &str) -> Result<String, String> {
    let mut example = Example::read("examples/resize-cancellation.yaml")?;
    example.fill(url, 1)?;
    for id in [NAME, INSTANCE, TASK] {
        example.once(id)?;
    }
    Ok(example.bare())
}

/// The example of an order, under that name and for that desktop.
pub fn order(url: &str, name: &str, desktop: &str) -> Result<String, String> {
    let mut example = Example::read("examples/desktop-order.yaml")?;
    example.fill(url, 2)?;
    example.replace("YOUR-DOMAIN-ID", DOMAIN, 1)?;
    example.replace("YOUR-CLUSTER-ID", CLUSTER, 1)?;
    for id in [ORDER, DESKTOP, PRODUCT] {
        example.once(id)?;
    }
    Ok(example
        .bare()
        .replace(ORDER, name)
        .replace(DESKTOP, desktop))
}

/// For people to read: without the secret.
pub fn shown(manifest: &str) -> String {
    manifest.replace(SECRET_KEY, "(the simulator's)")
}

impl Example {
    fn read(file: &'static str) -> Result<Self, String> {
        let text = fs::read_to_string(repository().join(file));
        let text = text.map_err(|e| format!("{file}: {e}"))?;
        Ok(Self { file, text })
    }

    fn fill(&mut self, url: &str, endpoints: usize) -> Result<(), String> {
        self.replace("  # endpoints:", "  endpoints:", 1)?;
        self.replace("http://127.0.0.1:7000", url, endpoints)?;
        self.replace("YOUR-ACCESS-KEY-ID", ACCESS_KEY, 1)?;
        self.replace("YOUR-SECRET-ACCESS-KEY", SECRET_KEY, 1)
    }

    fn replace(&mut self, from: &str, to: &str, times: usize) -> Result<(), String> {
        match self.text.matches(from).count() {
            count if count == times => {
                self.text = self.text.replace(from, to);
                Ok(())
            }
            count => Err(format!(
                "{} has {count} times {from:?}, not {times}",
                self.file
            )),
        }
    }

    /// The manifest itself has this once.
    fn once(&self, part: &str) -> Result<(), String> {
        match self.bare().matches(part).count() {
            1 => Ok(()),
            count => Err(format!("{} has {count} times {part:?}", self.file)),
        }
    }

    fn bare(&self) -> String {
        let lines = self
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .map(|line| line.split(" # ").next().unwrap_or(line));
        lines
            .skip_while(|line| *line == "---")
            .collect::<Vec<_>>()
            .join("\n")
            + "\n"
    }
}
