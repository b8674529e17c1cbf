use super::pair::Pool;

/// Where a look-alike stands.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The address without a slash at its end.
    pub(super) base: String,
    /// Other addresses that mean the same.
    pub(super) aliases: Vec<String>,
    /// Whose keys it has.
    pub(super) pool: Pool,
}

impl Site {
    pub(super) fn new(base: impl AsRef<str>, pool: Pool) -> Self {
        Self { base: base.as_ref().trim_end_matches('/').to_owned(), aliases: Vec::new(), pool }
    }

    /// The part of `url` behind this site's address, if it is on this site.
    pub(super) fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        let bases = std::iter::once(&self.base).chain(&self.aliases);
        bases.filter_map(|base| url.strip_prefix(base.as_str())).find(|rest| rest.starts_with('/'))
    }
}
