//! Generates payloads: valid ones, and such with one mutation.

/// A sequence of numbers that is the same for the same seed ([SplitMix64](https://prng.di.unimi.it/splitmix64.c)).
pub(super) struct Random(u64);

impl Random {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The sequence of one payload.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed);
        let seed = random.next();
        Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const STRINGS: [&str; 11] = ["iss", "sub", "tid", "oid", "ver", "scp", "azp", "appid", "azpacr", "appidacr", "idtyp"];
const LISTS: [&str; 6] = ["aud", "roles", "groups", "wids", "acrs", "xms_cc"];
const DATES: [&str; 2] = ["nbf", "iat"];
const MARKS: [&str; 4] = ["cnf", "nonce", "c_hash", "at_hash"];
const OTHERS: [&str; 19] = [
    "name",
    "amr",
    "ipaddr",
    "rh",
    "uti",
    "hasgroups",
    "_claim_names",
    "_claim_sources",
    "xms_act_fct",
    "acct",
    "is",
    "isss",
    "extension_department",
    "",
    "é",
    "$",
    "i\u{df}",
    "scope",
    "https://id.example/roles",
];
/// Names that differ in case alone.
const VARIANTS: [&str; 12] = [
    "ISS",
    "Aud",
    "eXp",
    "nbF",
    "TID",
    "i\u{17f}s",
    "t\u{131}d",
    "\u{131}\u{17f}\u{17f}",
    "Tid",
    "AUD",
    "EXP",
    "is\u{17f}",
];
/// The contents of strings, as JSON writes them.
const CONTENTS: [&str; 28] = [
    "",
    "a",
    "api://x",
    "11111111-2222-3333-4444-555555555555",
    "https://login.microsoftonline.com/x/v2.0",
    "Files.Read User.Read",
    "Files.Read  \\\"a\\\" /",
    "/",
    "é",
    "職員",
    "\u{1f600}",
    "\\ud83d\\ude00",
    "\\u0041",
    "\\u00e9",
    "\\n\\t\\r\\b\\f",
    "\\/",
    "\\\\",
    "\\\"",
    "[{",
    "]}\\\"[",
    "\\u0000",
    "\u{7f}",
    "\u{2028}",
    "\\uFFFF",
    "src1",
    "$serde_json::private",
    "a,b:c",
    "\\u005c\\u0022",
];
const HALF_PAIRS: [&str; 5] = ["\\ud800", "\\udc00", "a\\ud83d", "\\ud83d\\u0041", "\\udc00\\ud800"];
const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "7",
    "42",
    "-1",
    "-0",
    "-0.0",
    "1.5",
    "0.25e2",
    "1e5",
    "1E+5",
    "1e-7",
    "12345678901234567890",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "1e300",
    "1e-400",
    "0e400",
    "123456789.123456789",
    "0.1",
];
const HUGE_NUMBERS: [&str; 4] = ["1e400", "-1e400", "1e99999999999", "123e999"];
const VALID_DATES: [&str; 11] = [
    "0",
    "1",
    "1700000000",
    "1764550000",
    "1.7e9",
    "1700000000.25",
    "253402300799",
    "253402300799.5",
    "1e0",
    "0.0",
    "17E8",
];
const INVALID_DATES: [&str; 16] = [
    "-1",
    "-0",
    "-0.0",
    "-1e5",
    "253402300800",
    "2534023007995e-1",
    "253402300799.9999999",
    "1e300",
    "1e400",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "\"1\"",
    "null",
    "[1]",
    "true",
];
const NO_JSON: [&str; 22] = [
    "01",
    "00",
    "1.",
    ".5",
    "+1",
    "1e",
    "1e+",
    "--1",
    "0x1",
    "NaN",
    "Infinity",
    "True",
    "nul",
    "truefalse",
    "undefined",
    "'a'",
    "\"a",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\\u12\"",
    "[1,]",
    "{\"a\":1,}",
];

const MISTYPED: [&str; 8] = ["1", "null", "true", "{}", "[1]", "[\"a\",1]", "[[\"a\"]]", "[null]"];

/// A member: its name without escapes, the name as it is written, and the value.
struct Member {
    name: String,
    written: String,
    value: String,
}

/// One payload: as often valid as with a mutation.
pub(super) fn payload(random: &mut Random) -> Vec<u8> {
    let mut members = members(random);
    if random.one_in(2) {
        return write(random, &members).into_bytes();
    }
    if random.one_in(2) {
        mutate_members(random, &mut members);
        return write(random, &members).into_bytes();
    }
    let mut bytes = write(random, &members).into_bytes();
    mutate_bytes(random, &mut bytes);
    bytes
}

fn members(random: &mut Random) -> Vec<Member> {
    let mut claims = vec![("exp", random.pick(&VALID_DATES).to_owned())];
    for name in STRINGS {
        if random.one_in(2) {
            // Other issuers may have another type.
            let is_free = !matches!(name, "iss" | "sub" | "tid");
            let value = if is_free && random.one_in(40) { value(random, 1) } else { string(random) };
            claims.push((name, value));
        }
    }
    for name in LISTS {
        if random.one_in(3) {
            let value = match random.below(8) {
                0 if name != "aud" => value(random, 1),
                0..3 => string(random),
                _ => list(random),
            };
            claims.push((name, value));
        }
    }
    for name in DATES {
        if random.one_in(2) {
            claims.push((name, random.pick(&VALID_DATES).to_owned()));
        }
    }
    for name in MARKS {
        if random.one_in(8) {
            claims.push((name, value(random, 1)));
        }
    }
    for name in OTHERS {
        if random.one_in(4) {
            claims.push((name, value(random, 1)));
        }
    }
    if random.one_in(30) {
        claims.push(("many", many_members(random)));
    }
    if random.one_in(30) {
        let levels = 60 + random.below(4);
        claims.push(("deep", deep(random, levels)));
    }
    let mut members = Vec::with_capacity(claims.len());
    for (name, value) in claims {
        add(random, &mut members, name, value);
    }
    members
}

/// Adds a member at any place.
fn add(random: &mut Random, members: &mut Vec<Member>, name: &str, value: String) {
    let written = if random.one_in(12) { escaped(random, name) } else { name.to_owned() };
    let place = random.below(members.len() + 1);
    members.insert(place, Member { name: name.to_owned(), written, value });
}

fn write(random: &mut Random, members: &[Member]) -> String {
    let is_spaced = random.one_in(4);
    let mut text = String::new();
    let space = |random: &mut Random, text: &mut String| {
        if is_spaced {
            text.push_str(random.pick(&["", "", " ", "  ", "\n", "\t", "\r\n"]));
        }
    };
    space(random, &mut text);
    text.push('{');
    for (number, member) in members.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        space(random, &mut text);
        text.push('"');
        text.push_str(&member.written);
        text.push('"');
        space(random, &mut text);
        text.push(':');
        space(random, &mut text);
        text.push_str(&member.value);
        space(random, &mut text);
    }
    text.push('}');
    space(random, &mut text);
    text
}

/// The same name, some characters of it as escapes.
fn escaped(random: &mut Random, name: &str) -> String {
    let mut written = String::new();
    for character in name.chars() {
        if random.one_in(2) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            written.push(character);
        }
    }
    written
}

fn string(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("\"{}{}\"", random.pick(&CONTENTS), random.pick(&CONTENTS)),
        _ => format!("\"{}\"", random.pick(&CONTENTS)),
    }
}

fn list(random: &mut Random) -> String {
    let strings: Vec<String> = (0..random.below(5)).map(|_| string(random)).collect();
    format!("[{}]", strings.join(random.pick(&[",", ",", ", "])))
}

/// A valid value inside of so many levels.
fn value(random: &mut Random, levels: usize) -> String {
    match random.below(if levels < 5 { 12 } else { 8 }) {
        0..3 => string(random),
        // Of a claim that no rule depends on nobody reads the content.
        3 if levels == 1 && random.one_in(8) => format!("\"{}\"", random.pick(&HALF_PAIRS)),
        4 if levels == 1 && random.one_in(8) => random.pick(&HUGE_NUMBERS).to_owned(),
        3..6 => random.pick(&NUMBERS).to_owned(),
        6..8 => random.pick(&["true", "false", "null"]).to_owned(),
        8 => list(random),
        9 => {
            let elements: Vec<String> = (0..random.below(4)).map(|_| value(random, levels + 1)).collect();
            format!("[{}]", elements.join(random.pick(&[",", ",", " ,\n"])))
        }
        _ => object(random, levels),
    }
}

fn object(random: &mut Random, levels: usize) -> String {
    let mut members = Vec::new();
    for name in ["a", "b", "exp", "é", "groups", "\u{1f600}"] {
        if random.one_in(3) {
            let written = if random.one_in(6) { escaped(random, name) } else { name.to_owned() };
            members.push(format!("\"{written}\":{}", value(random, levels + 1)));
        }
    }
    format!("{{{}}}", members.join(random.pick(&[",", ",", " , "])))
}

fn many_members(random: &mut Random) -> String {
    let members: Vec<String> = (0..30 + random.below(60)).map(|number| format!("\"m{number}\":{number}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Objects and arrays in each other, of so many levels.
fn deep(random: &mut Random, levels: usize) -> String {
    let mut value = "1".to_owned();
    for _ in 0..levels {
        value = match random.below(3) {
            0 => format!("{{\"a\":{value}}}"),
            1 => format!("[\"]\",{value}]"),
            _ => format!("[{value}]"),
        };
    }
    value
}

fn mutate_members(random: &mut Random, members: &mut Vec<Member>) {
    let at = random.below(members.len());
    match random.below(17) {
        // A duplicate.
        0..3 => {
            let (name, value) = (members[at].name.clone(), members[at].value.clone());
            let value = if random.one_in(2) { value } else { string(random) };
            add(random, members, &name, value);
        }
        3 => {
            let name = random.pick(&VARIANTS);
            let value = string(random);
            add(random, members, name, value);
        }
        4 => {
            let value =
                random.pick(&["{\"a\":1,\"b\":2,\"a\":1}", "[{\"a\":1,\"\\u0061\":1}]", "{\"x\":[[{\"\":1,\"\":2}]]}"]);
            add(random, members, "inner", value.to_owned());
        }
        5 => {
            let levels = 62 + random.below(5);
            let value = deep(random, levels);
            add(random, members, "deeper", value);
        }
        6 => members.retain(|member| member.name != "exp"),
        7 => {
            let value = random.pick(&INVALID_DATES);
            if let Some(member) = members.iter_mut().find(|member| member.name == "exp") {
                member.value = value.to_owned();
            }
        }
        8 => {
            let name = random.pick(&DATES);
            members.retain(|member| member.name != name);
            let value = random.pick(&INVALID_DATES).to_owned();
            add(random, members, name, value);
        }
        9 => members[at].value = random.pick(&MISTYPED).to_owned(),
        10 => {
            let name = random.pick(&["iss", "sub", "tid", "aud", "oid", "scp", "roles", "groups"]);
            members.retain(|member| member.name != name);
            let value = random.pick(&MISTYPED).to_owned();
            add(random, members, name, value);
        }
        11 => members[at].value = format!("\"{}\"", random.pick(&HALF_PAIRS)),
        12 => {
            let half = random.pick(&HALF_PAIRS);
            members[at].value =
                random.pick(&["[\"?\"]", "{\"a\":\"?\"}", "{\"?\":1}", "[[\"a\",\"?\"]]"]).replace('?', half);
        }
        13 => members[at].written.push_str(random.pick(&HALF_PAIRS)),
        14 => {
            let name = random.pick(&[
                "$serde_json::private::RawValue",
                "$serde_json::private::Number",
                "$serde_json::private::",
            ]);
            match random.below(4) {
                0 => add(random, members, name, "\"1\"".to_owned()),
                1 => members[at].value = format!("{{\"{}\":\"1\"}}", escaped(random, name)),
                2 => members[at].value = format!("[{{\"{name}\":\"1\"}}]"),
                _ => members[at].value = format!("[\"{name}\"]"),
            }
        }
        15 => members[at].value = random.pick(&NO_JSON).to_owned(),
        _ => {
            let value = random.pick(&NO_JSON);
            members[at].value = random.pick(&["[?]", "{\"a\":?}", "[1,[?]]"]).replace('?', value);
        }
    }
}

fn mutate_bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    const BYTES: &[u8] = b"\"\"\"\\\\{}[]::,,0123456789-+.eEtfnu \n\t\r\0\x01\x1f\x7f\x0c\xc0\xff\x80\xef\xbb/'#$aA";
    let at = random.below(bytes.len());
    let byte = random.pick(BYTES);
    match random.below(10) {
        0..2 => {
            bytes.remove(at);
        }
        2..4 => bytes.insert(at, byte),
        4..6 => bytes[at] = byte,
        6 => {
            let end = bytes.len().min(at + 1 + random.below(20));
            let part = bytes[at..end].to_vec();
            let place = random.below(bytes.len() + 1);
            bytes.splice(place..place, part);
        }
        7 => bytes.truncate(at),
        8 => {
            let before: &[u8] = random.pick(&[&b"\xef\xbb\xbf"[..], b" ", b"{", b"\0", b"[", b"\xff\xfe", b"\x0b"]);
            bytes.splice(0..0, before.iter().copied());
        }
        _ => {
            let behind: &[u8] =
                random.pick(&[&b" "[..], b"\n\t ", b"x", b"{}", b",", b"\0", b"}", b"\xef\xbb\xbf", b"\x0c"]);
            bytes.extend_from_slice(behind);
        }
    }
}
