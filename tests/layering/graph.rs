//! Reads from the tokens of a crate which of its files uses an item of which other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// `file → file it uses → names of the items it uses`.
pub(crate) type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A module, by its path from the crate's root.
type ModulePath = Vec<String>;

/// One name brought in by a `use` declaration; the name `*` stands for a glob.
struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

#[derive(Default)]
struct Module {
    /// The file that has its text, relative to `src`.
    file: String,
    children: BTreeSet<String>,
    definitions: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths of two segments or more outside of `use` declarations.
    paths: BTreeSet<Vec<String>>,
    /// Every identifier outside of `use` declarations.
    identifiers: BTreeSet<String>,
}

/// The modules of a crate without those that are compiled for tests only.
pub(crate) struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

enum Target {
    /// An item that this module defines.
    Item(ModulePath),
    Module(ModulePath),
    OtherCrate,
}

impl Crate {
    /// Reads the crate whose `lib.rs` is in `src`, following its `mod` declarations.
    pub(crate) fn read(src: &Path) -> Self {
        let mut krate = Self { modules: BTreeMap::new() };
        krate.read_file(src, PathBuf::from("lib.rs"), Vec::new());
        krate
    }

    fn read_file(&mut self, src: &Path, file: PathBuf, path: ModulePath) {
        let text = fs::read_to_string(src.join(&file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (child, is_inline) in self.read_module(&file.display().to_string(), tokens, &path) {
            if is_inline {
                continue;
            }
            let stem: PathBuf = child.iter().collect();
            let flat = stem.with_extension("rs");
            let file = if src.join(&flat).exists() { flat } else { stem.join("mod.rs") };
            self.read_file(src, file, child);
        }
    }

    /// Adds one module and the modules inside its file; returns its descendants, and whether each is inside the file.
    fn read_module(&mut self, file: &str, tokens: TokenStream, path: &[String]) -> Vec<(ModulePath, bool)> {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut children = Vec::new();
        for (name, body) in module.read_items(tokens) {
            let child: ModulePath = path.iter().cloned().chain([name]).collect();
            children.push((child.clone(), body.is_some()));
            if let Some(body) = body {
                children.extend(self.read_module(file, body, &child));
            }
        }
        self.modules.insert(path.to_vec(), module);
        children
    }

    /// The target of `path` as written in `module`.
    ///
    /// # Panics
    ///
    /// If the path starts inside this crate and names nothing there.
    fn resolve(&self, module: &[String], path: &[String]) -> Target {
        self.follow(module, path, &mut Vec::new()).unwrap_or_else(|| {
            assert!(!starts_in_crate(path), "{}: nothing found for {}", self.modules[module].file, path.join("::"));
            Target::OtherCrate
        })
    }

    /// As [`resolve`](Self::resolve). `seen` stops at names that lead back to themselves, as in `use memchr::memchr`.
    fn follow(&self, module: &[String], path: &[String], seen: &mut Vec<(ModulePath, String)>) -> Option<Target> {
        let mut at = module.to_vec();
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => _ = at.pop(),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        let Some((name, rest)) = rest.split_first() else {
            return Some(Target::Module(at));
        };
        let step = (at.clone(), name.clone());
        if seen.contains(&step) {
            return None;
        }
        seen.push(step);
        let entry = self.modules.get(&at)?;
        if entry.children.contains(name) {
            at.push(name.clone());
            return self.follow(&at, rest, seen);
        }
        if entry.definitions.contains(name) {
            return Some(Target::Item(at));
        }
        if let Some(import) = entry.imports.iter().find(|import| import.name == *name) {
            let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            // Nothing is found for an item of another crate.
            let is_other = !starts_in_crate(&import.path);
            return self.follow(&at, &whole, seen).or(is_other.then_some(Target::OtherCrate));
        }
        let globs = entry.imports.iter().filter(|import| import.name == "*");
        let mut globs = globs.map(|glob| glob.path.iter().chain([name]).chain(rest).cloned().collect::<Vec<_>>());
        globs.find_map(|whole| self.follow(&at, &whole, seen))
    }

    /// The uses between files.
    ///
    /// An item counts for the file that defines it, not for those that re-export it; a re-export is not a use, unless the
    /// file also uses the item itself. Declaring a module is not a use of it.
    pub(crate) fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (path, module) in &self.modules {
            let imported = module
                .imports
                .iter()
                .filter(|import| !import.is_public || module.identifiers.contains(&import.name))
                .map(|import| import.path.clone());
            let globs = module.imports.iter().filter(|import| import.name == "*" && !import.is_public);
            let through_globs = globs.flat_map(|glob| match self.resolve(path, &glob.path) {
                Target::Module(source) => {
                    let names = module.identifiers.intersection(&self.modules[&source].definitions);
                    names.map(|name| glob.path.iter().chain([name]).cloned().collect()).collect()
                }
                _ => Vec::new(),
            });
            for used in imported.chain(through_globs).chain(module.paths.iter().cloned()) {
                let Target::Item(source) = self.resolve(path, &used) else { continue };
                let source = &self.modules[&source].file;
                if *source != module.file {
                    let items = edges.entry(module.file.clone()).or_default().entry(source.clone()).or_default();
                    items.insert(used.last().cloned().unwrap_or_default());
                }
            }
        }
        edges
    }

    pub(crate) fn files(&self) -> BTreeSet<&str> {
        self.modules.values().map(|module| module.file.as_str()).collect()
    }
}

impl Module {
    /// Reads the items of a module or of a macro's braces; returns the modules that are declared, with the body of
    /// those that have one.
    fn read_items(&mut self, tokens: TokenStream) -> Vec<(String, Option<TokenStream>)> {
        let mut modules = Vec::new();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for item in items(&tokens) {
            let (attributes, item) = item.split_at(attributes(item));
            if is_for_tests(attributes) {
                continue;
            }
            let is_public = is_word(item.first(), "pub");
            let visibility = match item {
                [_, TokenTree::Group(group), ..] if is_public && is_round(group) => 2,
                _ => usize::from(is_public),
            };
            let item = &item[visibility..];
            match item {
                [TokenTree::Ident(word), rest @ ..] if word == "use" => self.read_use(rest, Vec::new(), is_public),
                [TokenTree::Ident(word), TokenTree::Ident(name), rest @ ..] if word == "mod" => {
                    self.children.insert(name.to_string());
                    let body = rest.first().and_then(|token| match token {
                        TokenTree::Group(group) => Some(group.stream()),
                        _ => None,
                    });
                    modules.push((name.to_string(), body));
                }
                [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Ident(name), rest @ ..]
                    if word == "macro_rules" =>
                {
                    self.definitions.insert(name.to_string());
                    // The types that it writes in the module where it stands.
                    self.definitions.extend(defined_names(rest));
                    self.read_code(rest);
                }
                [TokenTree::Ident(_), TokenTree::Punct(mark), TokenTree::Group(group), ..] if mark.as_char() == '!' => {
                    modules.extend(self.read_items(group.stream()));
                }
                _ => {
                    self.definitions.extend(defined_name(item));
                    self.read_code(attributes);
                    self.read_code(item);
                }
            }
        }
        modules
    }

    /// The rest of a `use` declaration, or of a group in one, after `prefix`.
    fn read_use(&mut self, tokens: &[TokenTree], prefix: Vec<String>, is_public: bool) {
        let mut path = prefix.clone();
        let mut alias = None;
        let mut at = tokens.iter().peekable();
        let mut has_name = false;
        while let Some(token) = at.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => alias = at.next().map(ToString::to_string),
                TokenTree::Ident(word) => {
                    path.push(word.to_string());
                    has_name = true;
                }
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.read_use(&inside, path.clone(), is_public);
                    has_name = false;
                }
                TokenTree::Punct(mark) if mark.as_char() == '*' => {
                    self.imports.push(Import { name: "*".to_owned(), path: path.clone(), is_public });
                    has_name = false;
                }
                TokenTree::Punct(mark) if matches!(mark.as_char(), ',' | ';') => {
                    self.add_import(has_name, &path, alias.take(), is_public);
                    path.clone_from(&prefix);
                    has_name = false;
                }
                _ => {}
            }
        }
        self.add_import(has_name, &path, alias, is_public);
    }

    fn add_import(&mut self, has_name: bool, path: &[String], alias: Option<String>, is_public: bool) {
        if !has_name {
            return;
        }
        let mut path = path.to_vec();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        self.imports.push(Import { name, path, is_public });
    }

    /// Collects the paths, identifiers and local `use` declarations of code.
    fn read_code(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.read_code(&inside);
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = tokens[at..].iter().position(|token| is_mark(token, ';'));
                    let end = end.map_or(tokens.len(), |length| at + length);
                    // `use<'a>` in a type is not a declaration.
                    if !tokens.get(at + 1).is_some_and(|next| is_mark(next, '<')) {
                        self.read_use(&tokens[at + 1..end], Vec::new(), false);
                        at = end;
                    }
                }
                TokenTree::Ident(_) => {
                    let length = path_length(&tokens[at..]);
                    let path: Vec<String> =
                        tokens[at..at + length].iter().step_by(3).map(ToString::to_string).collect();
                    self.identifiers.extend(path.iter().cloned());
                    if path.len() > 1 {
                        self.paths.insert(path);
                    }
                    at += length - 1;
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// How many tokens the path at the start has: an identifier, then two colons and an identifier for each further segment.
fn path_length(tokens: &[TokenTree]) -> usize {
    let mut length = 1;
    while let Some([first, second, TokenTree::Ident(_)]) = tokens.get(length..length + 3) {
        if !is_mark(first, ':') || !is_mark(second, ':') {
            break;
        }
        length += 3;
    }
    length
}

/// Cuts tokens into items: each ends with a semicolon or with braces.
fn items(tokens: &[TokenTree]) -> impl Iterator<Item = &[TokenTree]> {
    let mut is_use = false;
    tokens.split_inclusive(move |token| {
        is_use = is_use || is_word(Some(token), "use");
        let ends = match token {
            TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace && !is_use,
            other => is_mark(other, ';'),
        };
        is_use = is_use && !ends;
        ends
    })
}

/// How many tokens of an item are its attributes, those of the module included.
fn attributes(item: &[TokenTree]) -> usize {
    let is_part = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Bracket,
        other => is_mark(other, '#') || is_mark(other, '!'),
    };
    item.iter().take_while(|token| is_part(token)).count()
}

fn starts_in_crate(path: &[String]) -> bool {
    path.first().is_some_and(|first| ["crate", "super", "self"].contains(&first.as_str()))
}

fn is_for_tests(attributes: &[TokenTree]) -> bool {
    attributes.iter().any(|token| matches!(token.to_string().as_str(), "[cfg(test)]" | "[cfg (test)]" | "[test]"))
}

/// The name after the first keyword that defines one.
fn defined_name(item: &[TokenTree]) -> Option<String> {
    const KEYWORDS: [&str; 8] = ["struct", "enum", "union", "trait", "type", "fn", "const", "static"];
    item.windows(2).find_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if KEYWORDS.iter().any(|keyword| word == keyword) => {
            let name = name.to_string();
            (!["fn", "unsafe", "mut"].contains(&name.as_str())).then_some(name)
        }
        _ => None,
    })
}

/// The names of types that are defined anywhere in the tokens of a macro.
fn defined_names(tokens: &[TokenTree]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => names.extend(defined_names(&group.stream().into_iter().collect::<Vec<_>>())),
            TokenTree::Ident(word) if word == "struct" || word == "enum" => {
                names.extend(tokens.get(at + 1).map(ToString::to_string));
            }
            _ => {}
        }
    }
    names
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_round(group: &proc_macro2::Group) -> bool {
    group.delimiter() == proc_macro2::Delimiter::Parenthesis
}

/// The groups of files that use each other, directly or through others.
pub(crate) fn cycles(edges: &Edges) -> Vec<Vec<String>> {
    let reach = |from: &str| {
        let mut reached = BTreeSet::new();
        let mut left = vec![from];
        while let Some(file) = left.pop() {
            for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next.as_str()) {
                    left.push(next);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|file| (file.as_str(), reach(file))).collect();
    let groups: BTreeSet<Vec<&str>> = reached
        .iter()
        .filter(|(file, all)| all.contains(*file))
        .map(|(file, all)| {
            let back = |other: &&str| reached.get(other).is_some_and(|others| others.contains(file));
            all.iter().copied().filter(back).collect()
        })
        .collect();
    groups.into_iter().map(|group| group.into_iter().map(str::to_owned).collect()).collect()
}

/// The uses as text, one line each.
pub(crate) fn lines(edges: &Edges) -> Vec<String> {
    let mut lines = Vec::new();
    for (from, uses) in edges {
        for (to, items) in uses {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            lines.push(format!("{from} -> {to}: {}", items.join(", ")));
        }
    }
    lines
}

/// The uses inside one group of files.
pub(crate) fn describe(cycle: &[String], edges: &Edges) -> String {
    let inside = edges.iter().filter(|(from, _)| cycle.contains(from)).map(|(from, uses)| {
        let uses = uses.iter().filter(|(to, _)| cycle.contains(to));
        (from.clone(), uses.map(|(to, items)| (to.clone(), items.clone())).collect())
    });
    lines(&inside.collect()).join("\n") + "\n"
}
