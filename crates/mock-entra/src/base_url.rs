/// The addresses of a mock.
#[derive(Clone, Debug)]
pub(super) struct BaseUrl {
    /// The primary address, without a trailing slash.
    pub(super) url: String,
    /// Other addresses with the same documents.
    pub(super) aliases: Vec<String>,
}

impl BaseUrl {
    pub(super) fn new(url: impl AsRef<str>) -> Self {
        Self { url: url.as_ref().trim_end_matches('/').to_owned(), aliases: Vec::new() }
    }

    /// The primary address, then the aliases.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.url).chain(&self.aliases)
    }

    /// The path and query of `url`, if it is at one of these addresses.
    pub(super) fn target_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        self.all().filter_map(|base| url.strip_prefix(base.as_str())).find(|rest| rest.starts_with('/'))
    }
}
