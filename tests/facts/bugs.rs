//! Rows of the list of what went wrong.
