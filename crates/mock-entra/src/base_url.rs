use super::key_pair::Pool;

/// The addresses of a mock.
#[derive(Clone, Debug)]
pub(super) struct BaseUrl {
    /// The address, without a slash at the end.
    pub(super) url: String,
    /// Other addresses with the same documents.
    pub(super) aliases: Vec<String>,
    /// The keys that it uses.
    pub(super) pool: Pool,
}

impl BaseUrl {
    pub(super) fn new(url: impl AsRef<str>, pool: Pool) -> Self {
        Self { url: url.as_ref().trim_end_matches('/').to_owned(), aliases: Vec::new(), pool }
    }

    /// The part of `url` after the base address or one of its aliases.
    pub(super) fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        let bases = std::iter::once(&self.url).chain(&self.aliases);
        bases.filter_map(|base| url.strip_prefix(base.as_str())).find(|rest| rest.starts_with('/'))
    }
}
