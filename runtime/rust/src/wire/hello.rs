//! HELLO's payload: the message `samehost.v1.Hello`, by hand.

use super::WireError;

/// What a side says of itself. The numbers from `max_frame_bytes` on are what it is ready to
/// receive; zero stands for the default (see [`Limits`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) min_version: u32,
    pub(crate) max_version: u32,
    pub(crate) implementation: String,
    pub(crate) pid: u64,
    pub(crate) pid_namespace: u64,
    pub(crate) features: Vec<String>,
    pub(crate) max_frame_bytes: u32,
    pub(crate) initial_credit: u32,
    pub(crate) max_message_bytes: u32,
    pub(crate) max_metadata_bytes: u32,
    pub(crate) max_streams: u32,
    pub(crate) max_methods: u32,
}

/// The limits that a HELLO states, with the defaults in place of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_frame_bytes: u32,
    pub(crate) initial_credit: u32,
    pub(crate) max_message_bytes: u32,
    pub(crate) max_metadata_bytes: u32,
    pub(crate) max_streams: u32,
    pub(crate) max_methods: u32,
}

impl Limits {
    /// The limits that this HELLO states; an error where one is outside what is allowed.
    pub(crate) fn of(hello: &Hello) -> Result<Limits, WireError> {
        const MOST: u32 = i32::MAX as u32;
        Ok(Limits {
            max_frame_bytes: limit(
                hello.max_frame_bytes,
                65_536,
                4_096,
                16_777_216,
                "max_frame_bytes is not allowed",
            )?,
            initial_credit: limit(
                hello.initial_credit,
                262_144,
                1_024,
                MOST,
                "initial_credit is not allowed",
            )?,
            max_message_bytes: limit(
                hello.max_message_bytes,
                67_108_864,
                1,
                MOST,
                "max_message_bytes is not allowed",
            )?,
            max_metadata_bytes: limit(
                hello.max_metadata_bytes,
                8_192,
                256,
                32_768,
                "max_metadata_bytes is not allowed",
            )?,
            max_streams: limit(hello.max_streams, 4_096, 1, MOST, "max_streams is not allowed")?,
            max_methods: limit(hello.max_methods, 1_024, 1, 65_535, "max_methods is not allowed")?,
        })
    }
}

fn limit(stated: u32, default: u32, least: u32, most: u32, error: &'static str) -> Result<u32, WireError> {
    match stated {
        0 => Ok(default),
        stated if (least..=most).contains(&stated) => Ok(stated),
        _ => Err(WireError::protocol(error)),
    }
}

impl Hello {
    /// The message's bytes: fields in the order of their numbers, without those that are zero or empty.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        put_number(&mut out, 1, self.min_version.into());
        put_number(&mut out, 2, self.max_version.into());
        if !self.implementation.is_empty() {
            put_text(&mut out, 3, &self.implementation);
        }
        put_number(&mut out, 4, self.pid);
        put_number(&mut out, 5, self.pid_namespace);
        for feature in &self.features {
            put_text(&mut out, 6, feature);
        }
        put_number(&mut out, 7, self.max_frame_bytes.into());
        put_number(&mut out, 8, self.initial_credit.into());
        put_number(&mut out, 9, self.max_message_bytes.into());
        put_number(&mut out, 10, self.max_metadata_bytes.into());
        put_number(&mut out, 11, self.max_streams.into());
        put_number(&mut out, 12, self.max_methods.into());
        out
    }

    /// Reads the message. Unknown fields are skipped. The version range is checked, the limits are
    /// [`Limits::of`]'s to check.
    pub(crate) fn decode(mut bytes: &[u8]) -> Result<Hello, WireError> {
        let mut hello = Hello::default();
        while !bytes.is_empty() {
            let (field, value) = take_field(&mut bytes)?;
            match field {
                1 => hello.min_version = value.number32()?,
                2 => hello.max_version = value.number32()?,
                3 => hello.implementation = value.text()?,
                4 => hello.pid = value.number()?,
                5 => hello.pid_namespace = value.number()?,
                6 => hello.features.push(value.text()?),
                7 => hello.max_frame_bytes = value.number32()?,
                8 => hello.initial_credit = value.number32()?,
                9 => hello.max_message_bytes = value.number32()?,
                10 => hello.max_metadata_bytes = value.number32()?,
                11 => hello.max_streams = value.number32()?,
                12 => hello.max_methods = value.number32()?,
                _ => {}
            }
        }
        if hello.min_version == 0 || hello.min_version > hello.max_version {
            return Err(WireError::protocol("HELLO's range of versions is none"));
        }
        Ok(hello)
    }
}

/// The value of a protobuf field.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed32 or fixed64, which no field of this message is.
    Fixed,
}

impl Value<'_> {
    fn number(self) -> Result<u64, WireError> {
        match self {
            Value::Number(number) => Ok(number),
            _ => Err(WireError::protocol("a field of HELLO is not the number that it should be")),
        }
    }

    fn number32(self) -> Result<u32, WireError> {
        u32::try_from(self.number()?).map_err(|_| WireError::protocol("a number of HELLO is too large"))
    }

    fn text(self) -> Result<String, WireError> {
        match self {
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(WireError::protocol("a text of HELLO is not UTF-8")),
            },
            _ => Err(WireError::protocol("a field of HELLO is not the text that it should be")),
        }
    }
}

const CUT: WireError = WireError {
    code: super::GoAwayCode::ProtocolError,
    text: std::borrow::Cow::Borrowed("HELLO ends in a field"),
};

fn take_field<'a>(bytes: &mut &'a [u8]) -> Result<(u64, Value<'a>), WireError> {
    let key = take_varint(bytes)?;
    let field = key >> 3;
    if field == 0 || key > u64::from(u32::MAX) {
        return Err(WireError::protocol("a field of HELLO has no valid number"));
    }
    let value = match key & 7 {
        0 => Value::Number(take_varint(bytes)?),
        1 => take(bytes, 8).map(|_| Value::Fixed)?,
        2 => {
            let length = take_varint(bytes)?;
            Value::Bytes(take(bytes, usize::try_from(length).map_err(|_| CUT)?)?)
        }
        5 => take(bytes, 4).map(|_| Value::Fixed)?,
        _ => return Err(WireError::protocol("a field of HELLO has an unknown wire type")),
    };
    Ok((field, value))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], WireError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(CUT)?;
    *bytes = rest;
    Ok(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits {
            break;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(WireError::protocol("a number of HELLO is too long"))
}

fn put_number(out: &mut Vec<u8>, field: u8, number: u64) {
    if number > 0 {
        out.push(field << 3);
        put_varint(out, number);
    }
}

fn put_text(out: &mut Vec<u8>, field: u8, text: &str) {
    out.push(field << 3 | 2);
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
