//! The example's own promise.

/// What a host writes to serve a shop fits into sixty lines, without comments and blank ones.
#[test]
fn a_shop_is_served_in_sixty_lines() {
    let text = include_str!("../../../../examples/shop/service.rs");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!(lines.clone().count() <= 60, "{}", lines.count());
}
