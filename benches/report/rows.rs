//! The rows of divan's tree, by their path.

/// What is known of one benchmark.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// `group/bench/argument`.
    pub path: String,
    /// In nanoseconds.
    pub median: f64,
    /// Allocations, and reallocations that grow.
    pub allocations: f64,
}

pub struct Rows(pub Vec<Row>);

impl Rows {
    /// Reads the tree; whatever stands before it is passed over.
    pub fn parse(text: &str) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let mut path: Vec<&str> = Vec::new();
        let mut counts = false;
        let is_head = |line: &&str| line.contains("fastest") && line.contains("median");
        for line in text.lines().skip_while(|line| !is_head(line)).skip(1) {
            let rest = line.trim_start_matches([' ', '│']);
            let Some(node) = rest.strip_prefix("├─").or_else(|| rest.strip_prefix("╰─")) else {
                let allocated = counts.then(|| column(rest, 2).and_then(count)).flatten();
                if let (Some(row), Some(allocated)) = (rows.last_mut(), allocated) {
                    row.allocations += allocated;
                }
                counts = rest.starts_with("alloc:") || rest.starts_with("grow:");
                continue;
            };
            // each level is three wide
            path.truncate(line.chars().take_while(|c| [' ', '│'].contains(c)).count() / 3);
            path.push(name(node));
            counts = false;
            if let Some(median) = column(node, 2).and_then(nanoseconds) {
                rows.push(Row { path: path.join("/"), median, allocations: 0.0 });
            }
        }
        Self(rows)
    }

    pub fn find(&self, path: &str) -> Option<&Row> {
        self.0.iter().find(|row| row.path == path)
    }

    /// The row, or an error that names it.
    pub fn row(&self, path: &str) -> Result<&Row, String> {
        self.find(path).ok_or_else(|| format!("the input has no row {path}"))
    }

    pub fn median(&self, path: &str) -> Result<f64, String> {
        self.row(path).map(|row| row.median)
    }

    /// The medians under this path, of these arguments.
    pub fn series(&self, path: &str, arguments: &[u32]) -> Result<Vec<(f64, f64)>, String> {
        let point = |n: &u32| Ok((f64::from(*n), self.median(&format!("{path}/{n}"))?));
        arguments.iter().map(point).collect()
    }
}

/// What stands before two spaces: they part the name from the first figure.
fn name(node: &str) -> &str {
    let node = node.trim_start();
    node.split("  ").next().unwrap_or(node).trim_end_matches(['│', ' '])
}

fn column(line: &str, index: usize) -> Option<&str> {
    line.split('│').nth(index).map(str::trim).filter(|text| !text.is_empty())
}

fn nanoseconds(text: &str) -> Option<f64> {
    let (figure, unit) = text.split_once(' ')?;
    let factor = match unit.trim() {
        "ps" => 1e-3,
        "ns" => 1.0,
        "µs" | "μs" | "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    figure.parse::<f64>().ok().map(|figure| figure * factor)
}

fn count(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    let factor = match text[digits.len()..].trim() {
        "" => 1.0,
        "K" | "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    };
    digits.parse::<f64>().ok().map(|figure| figure * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
  2440  Deal
Timer precision: 20 ns
peers            fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ happy_path                  │               │               │               │         │
│  ├─ CqrsBare   2.418 µs      │ 129.4 µs      │ 2.504 µs      │ 2.927 µs      │ 1000    │ 32000
│  │             max alloc:    │               │               │               │         │
│  │               0.062       │ 0.062         │ 0.062         │ 0.062         │         │
│  │               28 B        │ 28 B          │ 28 B          │ 28 B          │         │
│  │             alloc:        │               │               │               │         │
│  │               9           │ 9             │ 9             │ 9             │         │
│  │               3.2 KB      │ 3.2 KB        │ 3.2 KB        │ 3.2 KB        │         │
│  │             grow:         │               │               │               │         │
│  │               1           │ 1             │ 1             │ 1             │         │
│  │               384 B       │ 384 B         │ 384 B         │ 384 B         │         │
│  ╰─ Floor      134 ns        │ 685.4 ns      │ 135.2 ns      │ 136.4 ns      │ 1000    │ 32000
╰─ history                     │               │               │               │         │
   ╰─ rejection                │               │               │               │         │
      ├─ 20      41 ns         │ 716.1 ns      │ 43.54 ns      │ 44.04 ns      │ 1000    │ 32000
      ╰─ 2000    41 ms         │ 716.1 ms      │ 2 ms          │ 44.04 ms      │ 1000    │ 32000
";

    #[test]
    fn a_tree_is_read() {
        let row = |path: &str, median, allocations| Row { path: path.to_owned(), median, allocations };
        let expected = [
            row("happy_path/CqrsBare", 2_504.0, 10.0),
            row("happy_path/Floor", 135.2, 0.0),
            row("history/rejection/20", 43.54, 0.0),
            row("history/rejection/2000", 2e6, 0.0),
        ];
        let rows = Rows::parse(OUTPUT);
        assert_eq!(rows.0, expected);
        assert_eq!(rows.series("history/rejection", &[20, 2_000]), Ok(vec![(20.0, 43.54), (2_000.0, 2e6)]));
    }

    #[test]
    fn a_missing_row_is_named() {
        let error = Rows::parse(OUTPUT).series("history/rejection", &[20, 200]);
        assert_eq!(error, Err("the input has no row history/rejection/200".to_owned()));
    }
}
