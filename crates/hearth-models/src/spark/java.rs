//! Java's object serialisation (protocol version 5), read into plain values.
//!
//! Nothing is instantiated: an object is its class's name and the values of its fields, whatever the class. Objects lie
//! in one list and refer to each other by index, so that streams with cycles are data like any other.

use std::borrow::Cow;

/// How deep objects may lie within each other.
const DEPTH: usize = 200;
/// How many classes may extend each other.
const GENERATIONS: usize = 64;
/// The number of the first object that a stream refers back to.
const FIRST_HANDLE: u32 = 0x7e_0000;

/// What a stream holds.
#[derive(Debug)]
pub(crate) struct Stream {
    objects: Vec<Object>,
    roots: Vec<Value>,
}

/// What can be referred to.
#[derive(Debug)]
enum Object {
    /// Not read to its end.
    Unfinished,
    String(String),
    Class(Class),
    Instance {
        class: usize,
        /// The fields of the class, those of its ancestors before them.
        fields: Vec<Value>,
        /// The objects that the class wrote besides, block data left out.
        written: Vec<Value>,
    },
    Array(Vec<Value>),
    /// Whatever nobody asks for: arrays of numbers, enum constants, `Class` objects, proxy classes.
    Other,
}

#[derive(Debug)]
struct Class {
    name: String,
    writes: Writes,
    fields: Vec<Field>,
    ancestor: Option<usize>,
    generation: usize,
}

/// What an instance has for one of its classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Fields,
    FieldsAndMore,
    /// Data of its own, in blocks that say how long they are.
    Blocks,
    /// Data of its own of unknown length.
    Unknown,
    Nothing,
}

#[derive(Debug)]
struct Field {
    name: String,
    kind: Kind,
}

/// The type of a field or of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    /// A number of so many bytes that is passed over.
    Number(usize),
    Object,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Null,
    Int(i32),
    Number,
    /// Index of an object.
    Object(usize),
}

/// A value of a [`Stream`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    stream: &'a Stream,
    value: Value,
}

impl Stream {
    /// The stream's objects in the order they were written.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Item<'_>> {
        self.items(&self.roots)
    }

    fn items<'a>(&'a self, values: &'a [Value]) -> impl Iterator<Item = Item<'a>> {
        values.iter().map(|&value| Item {
            stream: self,
            value,
        })
    }

    fn class(&self, index: usize) -> Option<&Class> {
        match self.objects.get(index)? {
            Object::Class(class) => Some(class),
            _ => None,
        }
    }

    /// A class and its ancestors.
    fn family(&self, class: usize) -> impl Iterator<Item = &Class> {
        std::iter::successors(self.class(class), |class| self.class(class.ancestor?))
    }
}

impl<'a> Item<'a> {
    fn object(self) -> Option<&'a Object> {
        match self.value {
            Value::Object(index) => self.stream.objects.get(index),
            _ => None,
        }
    }

    /// The text of a `java.lang.String`; unpaired surrogates are U+FFFD.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.object()? {
            Object::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an `int`, or of a `java.lang.Integer`.
    pub(crate) fn int(self) -> Option<i32> {
        match self.value {
            Value::Int(value) => Some(value),
            Value::Object(_) if self.class()? == "java.lang.Integer" => self.field("value")?.int(),
            _ => None,
        }
    }

    /// The name of an object's class.
    pub(crate) fn class(self) -> Option<&'a str> {
        match self.object()? {
            Object::Instance { class, .. } => self.stream.class(*class).map(|c| c.name.as_str()),
            _ => None,
        }
    }

    /// An object's field; that of the class itself where an ancestor has one of the same name.
    pub(crate) fn field(self, name: &str) -> Option<Item<'a>> {
        let Object::Instance { class, fields, .. } = self.object()? else {
            return None;
        };
        let mut end = fields.len();
        for class in self.stream.family(*class) {
            let start = end.checked_sub(class.fields.len())?;
            if let Some(index) = class.fields.iter().position(|field| field.name == name) {
                return self.stream.items(fields.get(start + index..)?).next();
            }
            end = start;
        }
        None
    }

    /// The objects that an object's classes wrote besides their fields; none where it is not an object.
    pub(crate) fn written(self) -> impl Iterator<Item = Item<'a>> {
        let written: &[Value] = match self.object() {
            Some(Object::Instance { written, .. }) => written,
            _ => &[],
        };
        self.stream.items(written)
    }

    /// The elements of an array of objects.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Item<'a>>> {
        match self.object()? {
            Object::Array(values) => Some(self.stream.items(values)),
            _ => None,
        }
    }
}

/// Why a stream could not be read.
pub(crate) type Why = Cow<'static, str>;

/// Reads a stream to its end.
///
/// # Errors
/// What is wrong with it. Classes that wrote data of their own without marking its end, and objects that lie deeper than
/// 200 within each other, are not read.
pub(crate) fn read(bytes: &[u8]) -> Result<Stream, Why> {
    let mut reader = Reader {
        bytes,
        first: 0,
        depth: 0,
        objects: Vec::new(),
    };
    if reader.take(4)? != b"\xac\xed\x00\x05" {
        return Err("it does not begin with the mark of a Java object stream".into());
    }
    let mut roots = Vec::new();
    while !reader.bytes.is_empty() {
        match reader.content()? {
            Content::Value(value) => roots.push(value),
            Content::Block => {}
            Content::End => return Err("it ends what was not begun".into()),
        }
    }
    Ok(Stream {
        objects: reader.objects,
        roots,
    })
}

enum Content {
    Value(Value),
    Block,
    End,
}

struct Reader<'a> {
    bytes: &'a [u8],
    objects: Vec<Object>,
    /// Index of the object that handles are counted from.
    first: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Why> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(len)
            .ok_or("it ends too early")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Why> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or("it ends too early")?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Why> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<usize, Why> {
        self.array().map(u16::from_be_bytes).map(usize::from)
    }

    fn i32(&mut self) -> Result<i32, Why> {
        self.array().map(i32::from_be_bytes)
    }

    /// A length that the format keeps as a signed number.
    fn length(&mut self) -> Result<usize, Why> {
        usize::try_from(self.i32()?).map_err(|_| "a length is negative".into())
    }

    /// A text after its length of 16 bits.
    fn name(&mut self) -> Result<String, Why> {
        let len = self.u16()?;
        text(self.take(len)?)
    }

    fn begin(&mut self) -> usize {
        self.objects.push(Object::Unfinished);
        self.objects.len() - 1
    }

    fn finish(&mut self, index: usize, object: Object) -> Value {
        self.objects[index] = object;
        Value::Object(index)
    }

    /// An object, wherever one may stand.
    fn object(&mut self) -> Result<Value, Why> {
        match self.content()? {
            Content::Value(value) => Ok(value),
            Content::Block | Content::End => Err("data stands where an object is expected".into()),
        }
    }

    fn content(&mut self) -> Result<Content, Why> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("objects lie deeper than {DEPTH} within each other").into());
        }
        let content = self.content_at_depth();
        self.depth -= 1;
        content
    }

    fn content_at_depth(&mut self) -> Result<Content, Why> {
        let value = match self.u8()? {
            0x70 => Value::Null,
            0x71 => Value::Object(self.reference()?),
            0x72 => Value::Object(self.class()?),
            0x73 => self.instance()?,
            0x74 => {
                let len = self.u16()?;
                self.string(len)?
            }
            0x75 => self.elements()?,
            0x76 => {
                self.class_of()?;
                let index = self.begin();
                self.finish(index, Object::Other)
            }
            0x77 => {
                let len = self.u8()?;
                self.take(usize::from(len))?;
                return Ok(Content::Block);
            }
            0x78 => return Ok(Content::End),
            0x79 => {
                self.first = self.objects.len();
                return Ok(Content::Block);
            }
            0x7a => {
                let len = self.length()?;
                self.take(len)?;
                return Ok(Content::Block);
            }
            0x7c => {
                let len = u64::from_be_bytes(self.array()?);
                self.string(usize::try_from(len).unwrap_or(usize::MAX))?
            }
            0x7d => Value::Object(self.proxy()?),
            0x7e => {
                self.class_of()?;
                let index = self.begin();
                self.object()?;
                self.finish(index, Object::Other)
            }
            0x7b => return Err("whoever wrote it failed, and wrote the exception".into()),
            mark => return Err(format!("{mark:#04x} is no mark of an object").into()),
        };
        Ok(Content::Value(value))
    }

    fn reference(&mut self) -> Result<usize, Why> {
        let handle = u32::from_be_bytes(self.array()?);
        handle
            .checked_sub(FIRST_HANDLE)
            .and_then(|number| self.first.checked_add(usize::try_from(number).ok()?))
            .filter(|&index| index < self.objects.len())
            .ok_or_else(|| "it refers to an object that is not there".into())
    }

    fn string(&mut self, len: usize) -> Result<Value, Why> {
        let index = self.begin();
        let text = text(self.take(len)?)?;
        Ok(self.finish(index, Object::String(text)))
    }

    /// The description of a class; `None` where there is none, as after the last ancestor.
    fn class_of(&mut self) -> Result<Option<usize>, Why> {
        match self.object()? {
            Value::Null => Ok(None),
            Value::Object(index)
                if matches!(self.objects[index], Object::Class(_) | Object::Other) =>
            {
                Ok(Some(index))
            }
            _ => Err("something else stands where a class is expected".into()),
        }
    }

    fn class(&mut self) -> Result<usize, Why> {
        let name = self.name()?;
        // The serialVersionUID.
        self.take(8)?;
        let index = self.begin();
        let flags = self.u8()?;
        let writes = match flags & 0x0f {
            0x02 => Writes::Fields,
            0x03 => Writes::FieldsAndMore,
            0x0c => Writes::Blocks,
            0x04 => Writes::Unknown,
            _ if flags & 0x06 == 0 => Writes::Nothing,
            _ => return Err(format!("class {name} has flags {flags:#04x}").into()),
        };
        let mut fields = Vec::new();
        for _ in 0..self.u16()? {
            let code = self.u8()?;
            let kind = kind(code)?;
            let name = self.name()?;
            if kind == Kind::Object {
                // The name of its class.
                self.object()?;
            }
            fields.push(Field { name, kind });
        }
        self.annotation()?;
        let ancestor = self.class_of()?;
        let generation = match ancestor.map(|index| &self.objects[index]) {
            Some(Object::Class(class)) => class.generation + 1,
            _ => 0,
        };
        if generation > GENERATIONS {
            return Err(format!("more than {GENERATIONS} classes extend each other").into());
        }
        self.finish(
            index,
            Object::Class(Class {
                name,
                writes,
                fields,
                ancestor,
                generation,
            }),
        );
        Ok(index)
    }

    fn proxy(&mut self) -> Result<usize, Why> {
        let index = self.begin();
        for _ in 0..self.length()? {
            self.name()?;
        }
        self.annotation()?;
        self.class_of()?;
        self.finish(index, Object::Other);
        Ok(index)
    }

    /// What was written besides, up to its end mark: the objects of it.
    fn annotation(&mut self) -> Result<Vec<Value>, Why> {
        let mut values = Vec::new();
        loop {
            match self.content()? {
                Content::Value(value) => values.push(value),
                Content::Block => {}
                Content::End => return Ok(values),
            }
        }
    }

    fn instance(&mut self) -> Result<Value, Why> {
        let class = self.class_of()?.ok_or("an object has no class")?;
        let index = self.begin();
        // From the oldest ancestor down, each with what an instance has of it.
        let mut family = Vec::new();
        let mut next = Some(class);
        while let Some(index) = next {
            let Object::Class(class) = &self.objects[index] else {
                return Err("an object is of a proxy class".into());
            };
            next = class.ancestor;
            family.push((index, class.writes));
        }
        let (mut fields, mut written) = (Vec::new(), Vec::new());
        for (class, writes) in family.into_iter().rev() {
            if matches!(writes, Writes::Fields | Writes::FieldsAndMore) {
                for number in 0.. {
                    let Object::Class(Class { fields: of, .. }) = &self.objects[class] else {
                        break;
                    };
                    let Some(kind) = of.get(number).map(|field| field.kind) else {
                        break;
                    };
                    fields.push(self.value(kind)?);
                }
            }
            match writes {
                Writes::FieldsAndMore | Writes::Blocks => written.extend(self.annotation()?),
                Writes::Unknown => {
                    return Err("an object wrote data of unknown length (Externalizable)".into());
                }
                Writes::Fields | Writes::Nothing => {}
            }
        }
        Ok(self.finish(
            index,
            Object::Instance {
                class,
                fields,
                written,
            },
        ))
    }

    fn value(&mut self, kind: Kind) -> Result<Value, Why> {
        Ok(match kind {
            Kind::Int => Value::Int(self.i32()?),
            Kind::Number(len) => {
                self.take(len)?;
                Value::Number
            }
            Kind::Object => self.object()?,
        })
    }

    fn elements(&mut self) -> Result<Value, Why> {
        let class = self.class_of()?.ok_or("an array has no class")?;
        let index = self.begin();
        let len = self.length()?;
        let code = match &self.objects[class] {
            Object::Class(class) => class
                .name
                .strip_prefix('[')
                .and_then(|name| name.bytes().next()),
            _ => None,
        };
        let width = match kind(code.ok_or("an array's class is none of arrays")?)? {
            Kind::Object => {
                let mut values = Vec::new();
                for _ in 0..len {
                    values.push(self.object()?);
                }
                return Ok(self.finish(index, Object::Array(values)));
            }
            Kind::Int => 4,
            Kind::Number(width) => width,
        };
        self.take(len.checked_mul(width).ok_or("an array is too long")?)?;
        Ok(self.finish(index, Object::Other))
    }
}

/// The type that a letter of a type descriptor means.
fn kind(code: u8) -> Result<Kind, Why> {
    Ok(match code {
        b'I' => Kind::Int,
        b'B' | b'Z' => Kind::Number(1),
        b'C' | b'S' => Kind::Number(2),
        b'F' => Kind::Number(4),
        b'D' | b'J' => Kind::Number(8),
        b'L' | b'[' => Kind::Object,
        _ => return Err(format!("{code:#04x} is no type").into()),
    })
}

/// Modified UTF-8: each UTF-16 unit is coded by itself, and U+0000 takes two bytes.
fn text(bytes: &[u8]) -> Result<String, Why> {
    if bytes.is_ascii() {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let tail = |byte: u8| (byte & 0xc0 == 0x80).then_some(u16::from(byte & 0x3f));
    while let Some((&first, after)) = rest.split_first() {
        let lead = u16::from(first);
        let unit = match (first, after) {
            (0..0x80, _) => Some((lead, 0)),
            (0xc0..0xe0, [b, ..]) => tail(*b).map(|b| ((lead & 0x1f) << 6 | b, 1)),
            (0xe0..0xf0, [b, c, ..]) => tail(*b)
                .zip(tail(*c))
                .map(|(b, c)| ((lead & 0x0f) << 12 | b << 6 | c, 2)),
            _ => None,
        };
        let (unit, len) = unit.ok_or("a string is not modified UTF-8")?;
        units.push(unit);
        rest = &after[len..];
    }
    Ok(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests;
