//! Whether a proof of identity is tied to the encrypted connection.

use std::str::FromStr;

use crate::Error;

/// libpq's `channel_binding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server can.
    #[default]
    Prefer,
    /// Always: a server that asks for another proof, or none, is refused.
    Require,
}

impl FromStr for ChannelBinding {
    type Err = Error;

    fn from_str(text: &str) -> Result<ChannelBinding, Error> {
        Ok(match text {
            "disable" => ChannelBinding::Disable,
            "prefer" => ChannelBinding::Prefer,
            "require" => ChannelBinding::Require,
            _ => return Err(Error::Parameter(format!("invalid channel_binding value: `{text}`"))),
        })
    }
}
