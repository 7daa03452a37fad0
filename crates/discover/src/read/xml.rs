//! XML as a tree, with a limit on everything.

use crate::refusal::Refusal;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, escape};

/// The deepest nesting: honest documents have five levels.
const MAX_DEPTH: usize = 16;
/// The most elements: the largest honest document that is known has 150.
const MAX_ELEMENTS: usize = 4_000;
/// The most bytes of text of one element.
const MAX_TEXT: usize = 2_048;
/// The most attributes of one element.
const MAX_ATTRIBUTES: usize = 16;

/// An element, its name without a prefix.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// The children of a name, compared without case: Autodiscover is written either way.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name.eq_ignore_ascii_case(name))
    }

    /// The first child of a name.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// The text of the first child of a name, trimmed; empty when there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.first(name).map_or("", Self::text)
    }

    /// Its own text, trimmed.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// An attribute, trimmed; empty when it is not there.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    fn add_text(&mut self, more: &str) -> Result<(), Refusal> {
        if self.text.len() + more.len() > MAX_TEXT {
            return Err(Refusal::TooComplex);
        }
        self.text.push_str(more);
        Ok(())
    }
}

/// Reads a document and gives its root.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, Refusal> {
    if bytes.len() > super::MAX_BYTES {
        return Err(Refusal::TooLarge { limit: super::MAX_BYTES });
    }
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    // The last of the open elements collects what comes.
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0_usize;
    loop {
        let event = reader.read_event().map_err(|_| Refusal::Malformed)?;
        let closed = match event {
            Event::Start(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() >= MAX_DEPTH {
                    return Err(Refusal::TooComplex);
                }
                open.push(element(&start)?);
                continue;
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(Refusal::TooComplex);
                }
                element(&start)?
            }
            Event::End(_) => open.pop().ok_or(Refusal::Malformed)?,
            Event::DocType(_) => return Err(Refusal::Entities),
            Event::Eof => return Err(Refusal::Malformed),
            other => {
                if let Some(current) = open.last_mut() {
                    current.add_text(&said(other)?)?;
                }
                continue;
            }
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            // What follows the root is not looked at.
            None => return Ok(closed),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Refusal> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Refusal::Malformed)?;
        if attributes.len() >= MAX_ATTRIBUTES || attribute.value.len() > MAX_TEXT {
            return Err(Refusal::TooComplex);
        }
        let value = escape::unescape(&attribute.value).map_err(|_| Refusal::Entities)?.into_owned();
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Ok(Element { name, attributes, ..Element::default() })
}

/// The text that an event inside an element stands for.
fn said(event: Event<'_>) -> Result<String, Refusal> {
    match event {
        Event::Text(text) => Ok(text.into_inner().into_owned()),
        Event::CData(text) => Ok(text.into_inner().into_owned()),
        Event::GeneralRef(reference) => referred(&reference),
        _ => Ok(String::new()),
    }
}

/// One of the five references that XML itself has, or a character by its number.
fn referred(reference: &BytesRef<'_>) -> Result<String, Refusal> {
    if let Some(char) = reference.resolve_char_ref().map_err(|_| Refusal::Malformed)? {
        return Ok(char.to_string());
    }
    escape::resolve_xml_entity(reference).map(str::to_owned).ok_or(Refusal::Entities)
}
