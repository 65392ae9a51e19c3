//! How a connection fails.

use std::borrow::Cow;
use std::fmt;

/// The codes of a GOAWAY (PROTOCOL.md, "Errors of a connection").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum GoAwayCode {
    NoError = 0,
    ProtocolError = 1,
    FlowControlError = 2,
    FrameTooLarge = 3,
    VersionMismatch = 4,
    HelloTimeout = 5,
    Refused = 6,
    LimitExceeded = 7,
    InternalError = 8,
}

impl GoAwayCode {
    const ALL: [(GoAwayCode, &'static str); 9] = [
        (GoAwayCode::NoError, "NO_ERROR"),
        (GoAwayCode::ProtocolError, "PROTOCOL_ERROR"),
        (GoAwayCode::FlowControlError, "FLOW_CONTROL_ERROR"),
        (GoAwayCode::FrameTooLarge, "FRAME_TOO_LARGE"),
        (GoAwayCode::VersionMismatch, "VERSION_MISMATCH"),
        (GoAwayCode::HelloTimeout, "HELLO_TIMEOUT"),
        (GoAwayCode::Refused, "REFUSED"),
        (GoAwayCode::LimitExceeded, "LIMIT_EXCEEDED"),
        (GoAwayCode::InternalError, "INTERNAL_ERROR"),
    ];

    /// The code with this number; a number from the future is taken as an INTERNAL_ERROR.
    pub(crate) fn from_number(number: u32) -> GoAwayCode {
        GoAwayCode::ALL.get(number as usize).map_or(GoAwayCode::InternalError, |&(code, _)| code)
    }

    /// The code's name in PROTOCOL.md.
    pub(crate) fn name(self) -> &'static str {
        GoAwayCode::ALL[self as usize].1
    }
}

impl fmt::Display for GoAwayCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The peer broke a rule of PROTOCOL.md: the code of the GOAWAY that answers it, and which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireError {
    pub(crate) code: GoAwayCode,
    pub(crate) text: Cow<'static, str>,
}

impl WireError {
    /// A PROTOCOL_ERROR: the text names the broken rule.
    pub(crate) fn protocol(text: impl Into<Cow<'static, str>>) -> WireError {
        WireError { code: GoAwayCode::ProtocolError, text: text.into() }
    }
}
