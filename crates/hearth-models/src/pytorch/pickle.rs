//! Pickle's virtual machine, as far as tensors need it. Nothing is called, nothing imported: a global is one of a few
//! known names, and what a call of it would give is worked out here.
//!
//! See CPython's `Lib/pickletools.py` for the opcodes, and `torch/_utils.py` and `torch/serialization.py` for the names.

use std::collections::HashMap;
use std::rc::Rc;

use crate::weights::Element;

/// A value on the stack. Objects are changed after they were memoised, so that values point to them.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Integer(i64),
    Float,
    Text(Rc<str>),
    Global(Global),
    Object(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Object {
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Storage(Rc<Storage>),
    Tensor(Rc<View>),
}

/// The names that may be called or pointed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict` or `dict`.
    Dict,
    /// `set` and `torch.Size`: a sequence whose items are of no tensor.
    Sequence,
    RebuildTensor,
    RebuildParameter,
    /// A storage's class, by the type of its elements and their width in bytes.
    Storage(Element, u64),
    /// A `torch.dtype` or the like, of which nothing is asked.
    Constant,
}

/// Plain bytes.
#[derive(Debug)]
pub(super) struct Storage {
    /// By which the file finds them.
    pub(super) key: Rc<str>,
    pub(super) element: Element,
    /// In bytes, of an element.
    pub(super) width: u64,
    /// Elements.
    pub(super) len: u64,
}

/// A tensor: which elements of a storage it has.
#[derive(Debug)]
pub(super) struct View {
    pub(super) storage: Rc<Storage>,
    /// In elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    /// In elements, from one index to the next of each axis.
    pub(super) strides: Vec<u64>,
}

/// Why a pickle is not read.
#[derive(Debug, PartialEq)]
pub(super) enum Reason {
    /// The bytes end in it.
    Ends,
    Damaged(String),
    /// A name that is none of those known.
    Global(String),
}

/// A pickle's value and all objects it may point to.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) value: Value,
    pub(super) objects: Vec<Object>,
    /// Bytes it took.
    pub(super) len: usize,
}

/// No weight of a BERT has more than two.
const MAX_AXES: usize = 8;

/// Reads the pickle that `bytes` begin with.
///
/// Memory is in proportion to the bytes: every opcode makes at most one value, and items are copied no more often than
/// there are bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, Reason> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: vec![],
        marks: vec![],
        memo: HashMap::new(),
        objects: vec![],
        copied: 0,
    };
    let value = machine.run()?;
    Ok(Pickle {
        value,
        objects: machine.objects,
        len: machine.at,
    })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Lengths that the stack had.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Vec<Object>,
    /// Items of lists that dicts were made of.
    copied: usize,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Value, Reason> {
        loop {
            match self.byte()? {
                b'.' => return self.pop(),
                // PROTO
                0x80 => {
                    let version = self.byte()?;
                    if version > 5 {
                        return Err(damaged(&format!("a pickle of protocol {version}")));
                    }
                }
                // FRAME: its length is of use to those only who read ahead.
                0x95 => {
                    self.take(8)?;
                }
                b'(' => self.marks.push(self.stack.len()),
                b'0' => {
                    self.pop()?;
                }
                b'N' => self.stack.push(Value::None),
                // NEWTRUE, NEWFALSE
                code @ (0x88 | 0x89) => self.stack.push(Value::Bool(code == 0x88)),
                b'J' => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(number.into()));
                }
                b'K' => {
                    let number = self.byte()?;
                    self.stack.push(Value::Integer(number.into()));
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(number.into()));
                }
                // LONG1
                0x8a => self.long()?,
                b'G' => {
                    self.take(8)?;
                    self.stack.push(Value::Float);
                }
                b'X' => {
                    let len = u32::from_le_bytes(self.array()?);
                    self.text(len.into())?;
                }
                // SHORT_BINUNICODE, and SHORT_BINSTRING of Python 2
                0x8c | b'U' => {
                    let len = self.byte()?;
                    self.text(len.into())?;
                }
                // BINUNICODE8
                0x8d => {
                    let len = u64::from_le_bytes(self.array()?);
                    self.text(len)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(&module, &name)?;
                }
                // STACK_GLOBAL
                0x93 => match (self.pop()?, self.pop()?) {
                    (Value::Text(name), Value::Text(module)) => self.global(&module, &name)?,
                    _ => return Err(damaged("a global whose name is no text")),
                },
                b'q' => {
                    let number = self.byte()?;
                    self.memoise(number.into())?;
                }
                b'r' => {
                    let number = u32::from_le_bytes(self.array()?);
                    self.memoise(number)?;
                }
                // MEMOIZE
                0x94 => self.memoise(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))?,
                b'h' => {
                    let number = self.byte()?;
                    self.recall(number.into())?;
                }
                b'j' => {
                    let number = u32::from_le_bytes(self.array()?);
                    self.recall(number)?;
                }
                b'}' => self.push(Object::Dict(vec![])),
                b']' => self.push(Object::List(vec![])),
                b')' => self.push(Object::Tuple(vec![])),
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Object::Tuple(items));
                }
                // TUPLE1, TUPLE2, TUPLE3
                code @ 0x85..=0x87 => {
                    let from = self.stack.len().checked_sub(usize::from(code - 0x84));
                    let items = self.stack.split_off(from.ok_or_else(too_few)?);
                    self.push(Object::Tuple(items));
                }
                b'l' => {
                    let items = self.since_mark()?;
                    self.push(Object::List(items));
                }
                b'd' => {
                    let items = pairs(self.since_mark()?)?;
                    self.push(Object::Dict(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' => {
                    let items = self.since_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![(key, value)])?;
                }
                b'u' => {
                    let items = pairs(self.since_mark()?)?;
                    self.set(items)?;
                }
                // BUILD: attributes, such as the versions that an OrderedDict of weights has beside them.
                b'b' => {
                    self.pop()?;
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.storage(&id)?;
                }
                b'R' => {
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    self.reduce(&callable, &arguments)?;
                }
                other => {
                    return Err(damaged(&format!(
                        "the opcode {other:#04x}, which no tensors need"
                    )));
                }
            }
        }
    }

    fn take(&mut self, len: u64) -> Result<&[u8], Reason> {
        let end = usize::try_from(len)
            .ok()
            .and_then(|len| self.at.checked_add(len));
        let end = end
            .filter(|&end| end <= self.bytes.len())
            .ok_or(Reason::Ends)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Reason> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let bytes = self.take(N as u64)?;
        bytes.try_into().map_err(|_| Reason::Ends)
    }

    fn text(&mut self, len: u64) -> Result<(), Reason> {
        let text = String::from_utf8_lossy(self.take(len)?).into();
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn line(&mut self) -> Result<String, Reason> {
        let rest = &self.bytes[self.at..];
        let len = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or(Reason::Ends)?;
        let line = String::from_utf8_lossy(&rest[..len]).into_owned();
        self.at += len + 1;
        Ok(line)
    }

    /// Longer ones are the magic number and the like.
    fn long(&mut self) -> Result<(), Reason> {
        let len = self.byte()?;
        let bytes = self.take(len.into())?;
        let value = match bytes.last() {
            None => Value::Integer(0),
            Some(&last) if bytes.len() <= 8 => {
                let mut number = if last & 0x80 == 0 { [0; 8] } else { [0xff; 8] };
                number[..bytes.len()].copy_from_slice(bytes);
                Value::Integer(i64::from_le_bytes(number))
            }
            Some(_) => Value::None,
        };
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, Reason> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= bottom {
            return Err(too_few());
        }
        self.stack.pop().ok_or_else(too_few)
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, Reason> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(too_few)?))
    }

    fn push(&mut self, object: Object) {
        self.stack.push(Value::Object(self.objects.len()));
        self.objects.push(object);
    }

    fn memoise(&mut self, number: u32) -> Result<(), Reason> {
        let top = self.stack.last().ok_or_else(too_few)?;
        self.memo.insert(number, top.clone());
        Ok(())
    }

    fn recall(&mut self, number: u32) -> Result<(), Reason> {
        let value = self.memo.get(&number);
        let value = value
            .ok_or_else(|| damaged(&format!("entry {number} of the memo before it is there")))?;
        self.stack.push(value.clone());
        Ok(())
    }

    /// The list or dict on top of the stack.
    fn top(&mut self) -> Result<&mut Object, Reason> {
        match self.stack.last() {
            Some(&Value::Object(top)) => self.objects.get_mut(top).ok_or_else(too_few),
            _ => Err(damaged("items for what is no list or dict")),
        }
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), Reason> {
        match self.top()? {
            Object::List(list) => list.extend(items),
            _ => return Err(damaged("items for what is no list")),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<(Value, Value)>) -> Result<(), Reason> {
        match self.top()? {
            Object::Dict(dict) => dict.extend(items),
            _ => return Err(damaged("keys for what is no dict")),
        }
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Reason> {
        let global = match (module, name) {
            ("collections", "OrderedDict") | ("builtins" | "__builtin__", "dict") => Global::Dict,
            ("torch", "Size") | ("builtins" | "__builtin__", "set") => Global::Sequence,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Global::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
            ("torch" | "torch.storage" | "torch.cuda", _) if name.ends_with("Storage") => {
                let (element, width) = match name {
                    "FloatStorage" => (Element::F32, 4),
                    "HalfStorage" => (Element::F16, 2),
                    "BFloat16Storage" => (Element::Bf16, 2),
                    "DoubleStorage" | "LongStorage" => (Element::Unread(name.to_owned()), 8),
                    "IntStorage" => (Element::Unread(name.to_owned()), 4),
                    "ShortStorage" => (Element::Unread(name.to_owned()), 2),
                    "CharStorage" | "ByteStorage" | "BoolStorage" => {
                        (Element::Unread(name.to_owned()), 1)
                    }
                    _ => return Err(Reason::Global(format!("{module}.{name}"))),
                };
                Global::Storage(element, width)
            }
            (
                "torch",
                "float32" | "float16" | "bfloat16" | "float64" | "int64" | "int32" | "uint8"
                | "bool" | "strided",
            ) => Global::Constant,
            _ => return Err(Reason::Global(format!("{module}.{name}"))),
        };
        self.stack.push(Value::Global(global));
        Ok(())
    }

    fn tuple(&self, value: &Value) -> Option<&[Value]> {
        match value {
            Value::Object(at) => match self.objects.get(*at)? {
                Object::Tuple(items) | Object::List(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a persistent id stands for: `("storage", class, key, place, elements)`, and before PyTorch 1.6 whose part it is.
    fn storage(&mut self, id: &Value) -> Result<(), Reason> {
        let storage = match self.tuple(id) {
            Some(
                [
                    Value::Text(kind),
                    Value::Global(Global::Storage(element, width)),
                    Value::Text(key),
                    _,
                    len,
                    rest @ ..,
                ],
            ) if **kind == *"storage" && matches!(rest, [] | [Value::None]) => Storage {
                key: key.clone(),
                element: element.clone(),
                width: *width,
                len: size(len)?,
            },
            _ => return Err(damaged("a persistent id that is no storage")),
        };
        self.push(Object::Storage(Rc::new(storage)));
        Ok(())
    }

    fn reduce(&mut self, callable: &Value, arguments: &Value) -> Result<(), Reason> {
        let Value::Global(callable) = callable else {
            return Err(damaged("a call of what is no global"));
        };
        let arguments = self
            .tuple(arguments)
            .ok_or_else(|| damaged("a call without arguments"))?;
        let object = match callable {
            Global::Dict if arguments.is_empty() => Object::Dict(vec![]),
            // `OrderedDict([["key", value], ...])`, as Python 2 wrote it.
            Global::Dict => {
                let items = arguments
                    .first()
                    .and_then(|items| self.tuple(items))
                    .unwrap_or_default();
                let copied = self.copied + items.len();
                if copied > self.bytes.len() {
                    return Err(damaged("lists that are used again and again"));
                }
                let pair = |item| match self.tuple(item) {
                    Some([key, value]) => Ok((key.clone(), value.clone())),
                    _ => Err(damaged("a dict of what are no pairs")),
                };
                let items = items.iter().map(pair).collect::<Result<_, _>>()?;
                self.copied = copied;
                Object::Dict(items)
            }
            Global::Sequence => Object::List(vec![]),
            Global::RebuildTensor => Object::Tensor(Rc::new(self.view(arguments)?)),
            Global::RebuildParameter => match arguments.first() {
                Some(Value::Object(at))
                    if matches!(self.objects.get(*at), Some(Object::Tensor(_))) =>
                {
                    self.stack.push(Value::Object(*at));
                    return Ok(());
                }
                _ => return Err(damaged("a parameter that is no tensor")),
            },
            Global::Storage(..) | Global::Constant => {
                return Err(damaged("a call of what makes no tensor"));
            }
        };
        self.push(object);
        Ok(())
    }

    /// `(storage, offset, sizes, strides, ...)`
    fn view(&self, arguments: &[Value]) -> Result<View, Reason> {
        let [Value::Object(storage), offset, sizes, strides, ..] = arguments else {
            return Err(damaged("a tensor without storage"));
        };
        let Some(Object::Storage(storage)) = self.objects.get(*storage) else {
            return Err(damaged("a tensor without storage"));
        };
        let axes = |value| {
            let axes = self.tuple(value).filter(|axes| axes.len() <= MAX_AXES);
            let axes = axes.ok_or_else(|| damaged("a tensor without shape"))?;
            axes.iter().map(size).collect::<Result<Vec<u64>, Reason>>()
        };
        let (sizes, strides) = (axes(sizes)?, axes(strides)?);
        if sizes.len() != strides.len() {
            return Err(damaged("a tensor with other strides than axes"));
        }
        let shape = sizes
            .into_iter()
            .map(usize::try_from)
            .collect::<Result<_, _>>();
        Ok(View {
            storage: storage.clone(),
            offset: size(offset)?,
            shape: shape.map_err(|_| damaged("a tensor larger than memory"))?,
            strides,
        })
    }
}

fn size(value: &Value) -> Result<u64, Reason> {
    match value {
        Value::Integer(number) => u64::try_from(*number).map_err(|_| damaged("a negative size")),
        _ => Err(damaged("a size that is no number")),
    }
}

fn pairs(items: Vec<Value>) -> Result<Vec<(Value, Value)>, Reason> {
    if !items.len().is_multiple_of(2) {
        return Err(damaged("a key without a value"));
    }
    let mut items = items.into_iter();
    Ok(std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect())
}

fn damaged(what: &str) -> Reason {
    Reason::Damaged(format!("its pickle has {what}"))
}

fn too_few() -> Reason {
    damaged("an opcode that takes more than there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short text.
    fn text(text: &str) -> Vec<u8> {
        [
            &[b'X', u8::try_from(text.len()).unwrap(), 0, 0, 0],
            text.as_bytes(),
        ]
        .concat()
    }

    /// `torch._utils._rebuild_tensor_v2` of a storage of 12 numbers, up to its arguments' end.
    fn tensor(shape: &[u8], strides: &[u8]) -> Vec<u8> {
        let sizes = |sizes: &[u8]| {
            let mut tuple = vec![b'('];
            for &size in sizes {
                tuple.extend([b'K', size]);
            }
            tuple.push(b't');
            tuple
        };
        [
            b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
            text("storage"),
            b"ctorch\nFloatStorage\n".to_vec(),
            text("0"),
            text("cpu"),
            b"K\x0ctQK\x02".to_vec(),
            sizes(shape),
            sizes(strides),
            b"\x89)tR".to_vec(),
        ]
        .concat()
    }

    #[track_caller]
    fn refused(bytes: &[u8]) -> Reason {
        read(bytes).map(|pickle| pickle.value).expect_err("read")
    }

    #[test]
    fn a_tensor_is_a_view_of_a_storage() {
        let bytes = [b"\x80\x02", &tensor(&[2, 3], &[3, 1])[..], b".rest"].concat();
        let pickle = read(&bytes).unwrap();
        assert_eq!(pickle.len, bytes.len() - 4);
        let Value::Object(at) = pickle.value else {
            panic!("{:?}", pickle.value)
        };
        let Object::Tensor(view) = &pickle.objects[at] else {
            panic!("{:?}", pickle.objects[at])
        };
        assert_eq!(
            (&view.shape[..], &view.strides[..], view.offset),
            (&[2, 3][..], &[3, 1][..], 2)
        );
        assert_eq!(
            (&*view.storage.key, view.storage.len, view.storage.width),
            ("0", 12, 4)
        );
        assert_eq!(view.storage.element, Element::F32);
    }

    #[test]
    fn nothing_else_is_named() {
        for (name, bytes) in [
            ("os.system", &b"cos\nsystem\n."[..]),
            ("torch.load", b"ctorch\nload\n."),
            (
                "torch.storage._load_from_bytes",
                b"ctorch.storage\n_load_from_bytes\n.",
            ),
            ("torch.TypedStorage", b"ctorch\nTypedStorage\n."),
            ("builtins.eval", b"\x8c\x08builtins\x8c\x04eval\x93."),
        ] {
            assert_eq!(refused(bytes), Reason::Global(name.to_owned()));
        }
        // INST, OBJ, NEWOBJ and the old text forms of a global by number.
        for code in *b"io\x81\x92\x82P" {
            assert!(
                matches!(refused(&[code, b'.']), Reason::Damaged(_)),
                "{code}"
            );
        }
    }

    #[test]
    fn what_does_not_hang_together_is_refused() {
        let of = |why: &str| Reason::Damaged(format!("its pickle has {why}"));
        for (bytes, why) in [
            (&b"."[..], "an opcode that takes more than there is"),
            (b"N(0.", "an opcode that takes more than there is"),
            (b"t.", "an opcode that takes more than there is"),
            (b"h\x05.", "entry 5 of the memo before it is there"),
            (b"NNNs.", "items for what is no list or dict"),
            (b"]K\x01K\x02s.", "keys for what is no dict"),
            (b"}(K\x01u.", "a key without a value"),
            (b"NQ.", "a persistent id that is no storage"),
            (b"N)R.", "a call of what is no global"),
            (
                b"ctorch\nFloatStorage\n)R.",
                "a call of what makes no tensor",
            ),
            (
                b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
                "a tensor without storage",
            ),
            (b"\x80\x09", "a pickle of protocol 9"),
        ] {
            assert_eq!(refused(bytes), of(why), "{bytes:?}");
        }
        assert_eq!(
            refused(&tensor(&[2, 3], &[1])),
            of("a tensor with other strides than axes")
        );
        assert_eq!(
            refused(&tensor(&[1; 9], &[1; 9])),
            of("a tensor without shape")
        );
        for bytes in [
            &b""[..],
            b"N",
            b"X\xff\xff\xff\xffab",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa",
            b"cos",
        ] {
            assert_eq!(refused(bytes), Reason::Ends);
        }
    }

    /// A list that contains itself, and one that is made a dict of again and again.
    #[test]
    fn no_pickle_grows_beyond_its_bytes() {
        assert!(read(b"]q\0h\0a.").is_ok());
        let mut bytes = b"]q\0(".to_vec();
        bytes.extend(b"K\x01K\x02\x86".repeat(100));
        bytes.extend(b"e\x85q\x010ccollections\nOrderedDict\nq\x020");
        bytes.extend(b"h\x02h\x01R0".repeat(1000));
        bytes.extend(b"N.");
        assert_eq!(
            refused(&bytes),
            Reason::Damaged("its pickle has lists that are used again and again".to_owned())
        );
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = [
            b"\x80\x02}q\0(X\x01\0\0\0a".to_vec(),
            tensor(&[2, 3], &[3, 1]),
            b"u}b.".to_vec(),
        ]
        .concat();
        assert!(read(&whole).is_ok());
        for at in 0..whole.len() {
            assert!(read(&whole[..at]).is_err());
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = read(&changed);
            }
        }
    }
}
