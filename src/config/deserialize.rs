//! Settings as a part of the application's own configuration, from any deserializer.

use std::{cell::Cell, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    config::Config,
    value::{ConfigValue, Data, LONGEST_DOCUMENT, MOST_VALUES, count_value, member_name},
};

/// The maximum depth, as in serde_json: other formats may have no limit.
const DEEPEST: usize = 128;
/// The only member of a number if serde_json is built with `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de> Deserialize<'de> for Config {
    /// Reads what [`Config::from_json`] reads, as a part of the application's own configuration. As there, most mistakes are
    /// reported by [`Config::validate`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Left { values: Cell::new(MOST_VALUES), bytes: Cell::new(LONGEST_DOCUMENT) };
        let root = Seed { name: String::new(), depth: 0, left: &left }.deserialize(deserializer)?;
        Self::read_root(root, None, None, None).map_err(D::Error::custom)
    }
}

/// Builds the value with this name. Duplicate members are kept.
struct Seed<'a> {
    name: String,
    depth: usize,
    left: &'a Left,
}

/// The remaining depth and number of values. The format may have no limits of its own.
struct Left {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

impl Left {
    fn take<E: Error>(&self, text: &str) -> Result<(), E> {
        let Some(fewer) = self.bytes.get().checked_sub(text.len()) else {
            return Err(E::custom("the settings are longer than 1 MiB; keep in them what this program reads"));
        };
        self.bytes.set(fewer);
        Ok(())
    }
}

impl Seed<'_> {
    fn below<E: Error>(&self, key: &str) -> Result<Self, E> {
        if self.depth == DEEPEST {
            return Err(E::custom(format!("the settings go deeper than {DEEPEST} levels")));
        }
        Ok(Self { name: member_name(&self.name, key), depth: self.depth + 1, left: self.left })
    }

    fn node<E: Error>(self, data: Data) -> Result<ConfigValue, E> {
        count_value(&self.left.values).map_err(|advice| E::custom(format!("the configuration {advice}")))?;
        Ok(ConfigValue::new(self.name, data))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ConfigValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ConfigValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ConfigValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<ConfigValue, E> {
        self.node(Data::Other(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<ConfigValue, E> {
        self.node(Data::Other(value.to_string()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<ConfigValue, E> {
        self.node(Data::Other(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ConfigValue, E> {
        self.node(Data::Other(value.to_string()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<ConfigValue, E> {
        self.node(Data::Other(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<ConfigValue, E> {
        // With its decimal point, as in JSON: 60.0 is not an integer.
        self.node(Data::Other(format!("{value:?}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ConfigValue, E> {
        self.left.take(value)?;
        self.node(Data::Text(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<ConfigValue, E> {
        self.node(Data::Other("null".to_owned()))
    }

    fn visit_none<E: Error>(self) -> Result<ConfigValue, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<ConfigValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ConfigValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<ConfigValue, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.below(&list.len().to_string())?)? {
            list.push(element);
        }
        self.node(Data::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConfigValue, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.left.take(&key)?;
            let member = map.next_value_seed(self.below(&key)?)?;
            members.push((key, member));
        }
        match members.as_slice() {
            [(key, ConfigValue { data: Data::Text(number), .. })] if key == NUMBER => {
                let number = number.clone();
                self.node(Data::Other(number))
            }
            _ => self.node(Data::Object(members)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::de::value::{Error as ValueError, MapDeserializer, StrDeserializer};

    use super::*;

    const SETTINGS: &str = r#""TenantId":"11111111-2222-3333-4444-555555555555",
        "ClientId":"66666666-7777-8888-9999-000000000000""#;

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn deserialized_settings_equal_those_of_from_json() {
        for more in [
            "",
            r#","ClockSkewSeconds":5,"DetailedErrors":true,"Audiences":["api://a","api://b"]"#,
            r#","RequiredClaims":[{"Name":"n","Values":["a",1,-1,1.5,true]}]"#,
            r#","Authorities":[{"Authority":"https://id.example/","Audience":"a","StaticKeys":{"keys":[{"e":1.0}]}}]"#,
        ] {
            let json = format!("{{\"AzureAd\":{{{SETTINGS}{more}}},\"Logging\":{{\"Level\":null}}}}");
            assert_eq!(read(&json).unwrap(), Config::from_json(&json).unwrap(), "{more}");
        }
        assert!(read("[1]").unwrap_err().contains("must be one JSON object"));
        assert!(read("null").unwrap_err().contains("must be one JSON object"));
    }

    #[test]
    fn duplicate_member_is_refused() {
        for (json, problem) in [
            (
                format!(r#"{{"AzureAd":{{{SETTINGS},"AllowedClients":["x"],"AllowedClients":[]}}}}"#),
                "AzureAd:AllowedClients: is given twice",
            ),
            (
                format!(r#"{{"AzureAd":{{{SETTINGS},"client_id":"y"}}}}"#),
                "AzureAd:client_id: is given twice, also as AzureAd:ClientId",
            ),
            (format!(r#"{{"AzureAd":{{{SETTINGS}}},"AzureAd":{{}}}}"#), "AzureAd: is given twice"),
            (
                format!(r#"{{{SETTINGS},"RequiredClaims":[{{"Name":"a","Name":"b"}}]}}"#),
                "RequiredClaims:0:Name: is given twice",
            ),
        ] {
            let error = read(&json).unwrap().validate().unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn number_of_arbitrary_precision_is_a_number() {
        let number = MapDeserializer::new([(NUMBER, "60")].into_iter());
        let left = Left { values: Cell::new(2), bytes: Cell::new(100) };
        let seed = Seed { name: "n".to_owned(), depth: 0, left: &left };
        let node = seed.deserialize::<MapDeserializer<'_, _, ValueError>>(number).unwrap();
        assert!(matches!(node.data, Data::Other(text) if text == "60"));
    }

    #[test]
    fn depth_is_limited() {
        /// A value nested without end.
        struct Endless;

        impl<'de> Deserializer<'de> for Endless {
            type Error = ValueError;

            fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
                visitor.visit_map(self)
            }

            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
                unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
            }
        }

        impl<'de> MapAccess<'de> for Endless {
            type Error = ValueError;

            fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
                seed.deserialize(StrDeserializer::new("k")).map(Some)
            }

            fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
                seed.deserialize(Self)
            }
        }

        let error = Config::deserialize(Endless).unwrap_err().to_string();
        assert!(error.contains("deeper than 128 levels"), "{error}");
    }
}
