//! Which field of the index stands for which column.
//!
//! | column | field | searched by |
//! |---|---|---|
//! | `text`, `varchar`, `char(n)` | text | words, phrases; highlighted |
//! | `json`, `jsonb` | text | words of all its string values; highlighted |
//! | enums, `uuid`, `boolean` (`true`, `false`), `time`, `interval`, every other type | keyword | the exact value as Postgres prints it |
//! | integers, `oid` | number, exact | value and range |
//! | `real`, `double precision`, `numeric` | number, as a double | value and range |
//! | `date`, `timestamp`, `timestamptz` | date | moment (RFC 3339) and range |
//! | arrays | as their elements, each of them | any element |
//! | `bytea` | stored | — |
//!
//! Values that a field cannot hold (NaN and infinity, dates before 1677 or after 2262, keywords over 65,530 bytes) are
//! not searched; the row that is returned has them all the same.

use smol_str::SmolStr;
use tantivy::Index;
use tantivy::schema::{
    DateOptions, DateTimePrecision, Field, FieldType, IndexRecordOption, NumericOptions, STORED, STRING, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer};

use super::config::{FieldKind, SearchSinkConfig};
use crate::schema::ViewSchema;
use crate::sql_type::SqlType;

/// Holds the encoded view key.
const KEY_FIELD: &str = "_key";
/// Holds the whole row as JSON.
const ROW_FIELD: &str = "_row";
/// Longer words are not searched: nobody types them.
const WORD_BYTES_MAX: usize = 255;

/// How one column is searched.
#[derive(Clone, Copy, Debug)]
pub(super) enum Indexed {
    Not,
    Text(Field),
    Keyword(Field),
    Integer(Field),
    Float(Field),
    Date(Field),
}

/// The index's schema and what it means for a view's columns.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) key: Field,
    pub(super) row: Field,
    pub(super) columns: Vec<Indexed>,
    language: Option<SmolStr>,
}

/// What is wrong with the configuration, and what to do.
pub(super) type Misfit = (String, String);

impl Fields {
    /// Lays `view` out as the configuration says.
    pub(super) fn new(view: &ViewSchema, config: &SearchSinkConfig) -> Result<Self, Misfit> {
        if let Some(unknown) = config.fields.keys().find(|name| view.column(name).is_none()) {
            let names: Vec<_> = view.columns.iter().map(|column| column.name.as_str()).collect();
            let message = format!("fields names \"{unknown}\", which is not a column of view \"{}\"", view.name);
            return Err((message, format!("its columns are {}", names.join(", "))));
        }
        let analyzer = analyzer_name(config.language.as_deref())?;
        let mut schema = Schema::builder();
        let key = schema.add_text_field(KEY_FIELD, STRING | STORED);
        let row = schema.add_text_field(ROW_FIELD, STORED);
        let mut columns = Vec::with_capacity(view.columns.len());
        for column in &view.columns {
            let name = column.name.as_str();
            let kind = config.fields.get(&column.name).copied().unwrap_or_else(|| default_kind(&column.sql_type));
            if kind != FieldKind::Stored
                && (name.is_empty() || name.starts_with('-') || [KEY_FIELD, ROW_FIELD].contains(&name))
            {
                let hint = "give it another name in the view, or the kind \"stored\"";
                return Err((format!("a search field cannot be called \"{name}\""), hint.into()));
            }
            columns.push(match (kind, element(&column.sql_type)) {
                (FieldKind::Stored, _) => Indexed::Not,
                (FieldKind::Text, _) => Indexed::Text(schema.add_text_field(name, words(&analyzer))),
                (FieldKind::Keyword, _) => Indexed::Keyword(schema.add_text_field(name, STRING)),
                (FieldKind::Number, SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid) => {
                    Indexed::Integer(schema.add_i64_field(name, number()))
                }
                (
                    FieldKind::Number,
                    SqlType::Float4 | SqlType::Float8 | SqlType::Numeric(_) | SqlType::Text | SqlType::Bpchar,
                ) => Indexed::Float(schema.add_f64_field(name, number())),
                (FieldKind::Date, SqlType::Date | SqlType::Timestamp | SqlType::Timestamptz) => {
                    Indexed::Date(schema.add_date_field(name, moment()))
                }
                (kind, sql_type) => {
                    let message =
                        format!("column \"{name}\" of type {sql_type} cannot be a {kind:?} field").to_lowercase();
                    return Err((
                        message,
                        "leave the field out, or make it \"text\", \"keyword\" or \"stored\"".into(),
                    ));
                }
            });
        }
        Ok(Self { schema: schema.build(), key, row, columns, language: config.language.clone() })
    }

    /// Gives the index the analysers that its schema names.
    pub(super) fn register_analyzers(&self, index: &Index) {
        let language = self.language.as_deref();
        if let Ok(name) = analyzer_name(language) {
            index.tokenizers().register(&name, analyzer(language.and_then(stemmer)));
        }
    }
}

/// Text and keyword fields of an index, the searchable ones, with whether they hold words.
pub(super) fn searched_by_default(schema: &Schema) -> Vec<(Field, bool)> {
    let indexed = |(field, entry): (Field, &tantivy::schema::FieldEntry)| match entry.field_type() {
        FieldType::Str(options) if entry.name() != KEY_FIELD => {
            options.get_indexing_options().map(|indexing| (field, indexing.tokenizer() != "raw"))
        }
        _ => None,
    };
    schema.fields().filter_map(indexed).collect()
}

/// The row of a found document.
pub(super) fn row_field(schema: &Schema) -> tantivy::Result<Field> {
    schema.get_field(ROW_FIELD)
}

/// The column's type, or its elements'.
pub(super) fn element(sql_type: &SqlType) -> &SqlType {
    match sql_type {
        SqlType::Array(inner) => element(inner),
        other => other,
    }
}

fn default_kind(sql_type: &SqlType) -> FieldKind {
    match element(sql_type) {
        SqlType::Text | SqlType::Bpchar | SqlType::Json | SqlType::Jsonb | SqlType::Unknown => FieldKind::Text,
        SqlType::Int2
        | SqlType::Int4
        | SqlType::Int8
        | SqlType::Oid
        | SqlType::Float4
        | SqlType::Float8
        | SqlType::Numeric(_) => FieldKind::Number,
        SqlType::Date | SqlType::Timestamp | SqlType::Timestamptz => FieldKind::Date,
        SqlType::Bytea => FieldKind::Stored,
        _ => FieldKind::Keyword,
    }
}

fn words(analyzer: &str) -> TextOptions {
    let indexing =
        TextFieldIndexing::default().set_tokenizer(analyzer).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn number() -> NumericOptions {
    NumericOptions::default().set_indexed().set_fast()
}

fn moment() -> DateOptions {
    DateOptions::default().set_indexed().set_fast().set_precision(DateTimePrecision::Microseconds)
}

const LANGUAGES: [(&str, Language); 18] = [
    ("arabic", Language::Arabic),
    ("danish", Language::Danish),
    ("dutch", Language::Dutch),
    ("english", Language::English),
    ("finnish", Language::Finnish),
    ("french", Language::French),
    ("german", Language::German),
    ("greek", Language::Greek),
    ("hungarian", Language::Hungarian),
    ("italian", Language::Italian),
    ("norwegian", Language::Norwegian),
    ("portuguese", Language::Portuguese),
    ("romanian", Language::Romanian),
    ("russian", Language::Russian),
    ("spanish", Language::Spanish),
    ("swedish", Language::Swedish),
    ("tamil", Language::Tamil),
    ("turkish", Language::Turkish),
];

fn stemmer(language: &str) -> Option<Language> {
    LANGUAGES.iter().find(|(name, _)| *name == language).map(|(_, language)| *language)
}

/// The analyser's name is part of the schema, so that another language is another index.
fn analyzer_name(language: Option<&str>) -> Result<String, Misfit> {
    match language {
        None => Ok("tailwater_words".into()),
        Some(name) if stemmer(name).is_some() => Ok(format!("tailwater_{name}")),
        Some(name) => {
            let known: Vec<_> = LANGUAGES.iter().map(|(name, _)| *name).collect();
            Err((format!("there is no stemmer for language \"{name}\""), format!("choose one of {}", known.join(", "))))
        }
    }
}

fn analyzer(language: Option<Language>) -> TextAnalyzer {
    let words = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser);
    match language {
        Some(language) => words.filter(Stemmer::new(language)).build(),
        None => words.build(),
    }
}
