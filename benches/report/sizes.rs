//! The lines before and behind the tree: what things take in memory and where they are stored.

/// A kind, a name and figures: bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Size {
    pub kind: String,
    pub name: String,
    pub bytes: Vec<u32>,
}

pub struct Sizes(pub Vec<Size>);

impl Sizes {
    /// Reads the lines of these kinds, and passes over what is none.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(line).collect())
    }

    /// Those of a kind, or an error that names it.
    pub fn of(&self, kind: &str) -> Result<Vec<&Size>, String> {
        let sizes: Vec<&Size> = self.0.iter().filter(|size| size.kind == kind).collect();
        if sizes.is_empty() { Err(format!("the input has no sizes of the kind {kind}")) } else { Ok(sizes) }
    }

    /// The largest of a kind in this column.
    pub fn largest(&self, kind: &str, column: usize) -> Result<f64, String> {
        let column = |size: &Size| size.bytes.get(column).copied();
        let largest = self.of(kind)?.into_iter().filter_map(column).max();
        largest.map(f64::from).ok_or_else(|| format!("the sizes of the kind {kind} have too few columns"))
    }
}

fn line(text: &str) -> Option<Size> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let mut bytes = Vec::new();
    while let Some(figure) = words.last().and_then(|word| word.parse().ok()) {
        bytes.insert(0, figure);
        words.pop();
    }
    let (kind, name) = words.split_first()?;
    let is_size =
        ["memory", "terms", "state", "envelope", "snapshot", "deal"].contains(kind) && !bytes.is_empty();
    is_size.then(|| Size { kind: (*kind).to_owned(), name: name.join(" "), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
bytes in memory: memory, a type, its size
memory    Deal                 2440

state     8 answer (payout)    1500
envelope  phase_entered         231    230
envelope  proposed             1472    306
deal      escrow, 10 events    2440   3024      6   1566
peers            fastest       │ slowest       │ median        │ mean          │ samples │ iters
";

    #[test]
    fn sizes_are_read() {
        let size = |kind: &str, name: &str, bytes: &[u32]| Size {
            kind: kind.to_owned(),
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        };
        let sizes = Sizes::parse(OUTPUT);
        let expected = [
            size("memory", "Deal", &[2_440]),
            size("state", "8 answer (payout)", &[1_500]),
            size("envelope", "phase_entered", &[231, 230]),
            size("envelope", "proposed", &[1_472, 306]),
            size("deal", "escrow, 10 events", &[2_440, 3_024, 6, 1_566]),
        ];
        assert_eq!(sizes.0, expected);
        assert_eq!(sizes.largest("envelope", 1), Ok(306.0));
        assert_eq!(sizes.largest("terms", 0), Err("the input has no sizes of the kind terms".to_owned()));
    }
}
