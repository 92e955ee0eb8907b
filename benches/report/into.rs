//! A document that holds the report between two comments.

const BEGIN: &str = "<!-- report: begin -->\n";
const END: &str = "<!-- report: end -->";

/// The document with this report instead of the one that it holds.
pub fn replaced(document: &str, report: &str) -> Result<String, String> {
    let (before, rest) = document.split_once(BEGIN).ok_or_else(|| format!("no line {}", BEGIN.trim()))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| format!("no line {END} after the begin"))?;
    Ok(format!("{before}{BEGIN}\n{}\n\n{END}{after}", report.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_is_replaced() {
        let document = "a\n<!-- report: begin -->\nold\n<!-- report: end -->\nz\n";
        let expected = "a\n<!-- report: begin -->\n\nnew\n\n<!-- report: end -->\nz\n";
        let once = replaced(document, "new\n").expect("both comments are there");
        assert_eq!(once, expected);
        assert_eq!(replaced(&once, "new"), Ok(once.clone()));
    }

    #[test]
    fn a_document_without_a_place_for_it_is_left_alone() {
        assert!(replaced("a\n", "new").is_err());
        assert!(replaced("<!-- report: begin -->\n", "new").is_err());
    }
}
