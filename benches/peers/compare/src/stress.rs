pub fn run(_: &crate::issuer::Issuer) {}
