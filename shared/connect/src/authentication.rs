//! Proofs of identity: password, MD5, SCRAM with channel binding.

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};

use crate::frame::{Frames, number};
use crate::{ChannelBinding as Wanted, Error, Parameters};

/// Answers the server until it is satisfied.
pub(crate) fn authenticate(frames: &mut Frames, parameters: &Parameters) -> Result<(), Error> {
    let password = || {
        let secret = parameters.password.as_ref().map(|secret| secret.reveal().as_bytes());
        secret.ok_or(Error::NoPassword)
    };
    let unbound = || {
        let why = "channel binding is required, but not supported by the server's authentication request";
        Err(Error::Authentication(why.to_owned()))
    };
    let required = parameters.channel_binding == Wanted::Require;
    let mut scram: Option<ScramSha256> = None;
    let (mut proof, mut bound) = ("", false);
    loop {
        let message = frames.next()?;
        let body = frames.body(&message);
        match message.kind {
            b'E' => return Err(Error::of_server(body)),
            b'R' => {}
            b'N' => continue,
            kind => return Err(Error::Protocol(format!("`{}`", char::from(kind)))),
        }
        let (code, rest) = (number(body), body.get(4..).unwrap_or_default().to_vec());
        match code {
            0 if required && !bound => return unbound(),
            0 => return Ok(()),
            3 | 5 if required => return unbound(),
            3 => frames.put(b'p', &[password()?, b"\0"])?,
            5 => {
                let salt = <[u8; 4]>::try_from(rest.as_slice())
                    .map_err(|_| Error::Protocol("salt of an MD5 password".to_owned()))?;
                let hash = md5_hash(parameters.user.as_bytes(), password()?, salt);
                frames.put(b'p', &[hash.as_bytes(), b"\0"])?;
            }
            10 => {
                let (exchange, name) = begin(frames, &rest, parameters.channel_binding, password)?;
                let first = exchange.message();
                let len = (first.len() as i32).to_be_bytes();
                frames.put(b'p', &[name.as_bytes(), b"\0", &len, first])?;
                (scram, proof) = (Some(exchange), name);
            }
            11 | 12 => {
                let Some(exchange) = &mut scram else {
                    return Err(Error::Protocol("SASL out of order".to_owned()));
                };
                let failed = |error: std::io::Error| Error::Authentication(error.to_string());
                if code == 12 {
                    exchange.finish(&rest).map_err(failed)?;
                    bound = proof == SCRAM_SHA_256_PLUS;
                    continue;
                }
                exchange.update(&rest).map_err(failed)?;
                frames.put(b'p', &[exchange.message()])?;
            }
            code => {
                return Err(Error::Authentication(format!("method {code} of the server is not supported")));
            }
        }
        frames.flush()?;
    }
}

type Begun = (ScramSha256, &'static str);

fn begin<'p>(
    frames: &Frames,
    offered: &[u8],
    wanted: Wanted,
    password: impl Fn() -> Result<&'p [u8], Error>,
) -> Result<Begun, Error> {
    let offers = |name: &str| offered.split(|byte| *byte == 0).any(|offer| offer == name.as_bytes());
    let end_point = match wanted {
        Wanted::Disable => None,
        Wanted::Prefer | Wanted::Require => frames.stream.server_end_point(),
    };
    let (binding, name) = match end_point {
        Some(end_point) if offers(SCRAM_SHA_256_PLUS) => {
            (ChannelBinding::tls_server_end_point(end_point), SCRAM_SHA_256_PLUS)
        }
        _ if wanted == Wanted::Require => {
            let why = "channel binding is required, but not possible on this connection or not offered by the server";
            return Err(Error::Authentication(why.to_owned()));
        }
        // Says that we could: a server that could as well then knows that somebody in between took its offer away.
        Some(_) => (ChannelBinding::unrequested(), SCRAM_SHA_256),
        None => (ChannelBinding::unsupported(), SCRAM_SHA_256),
    };
    if !offers(name) {
        return Err(Error::Authentication("the server offers no method that is supported".to_owned()));
    }
    Ok((ScramSha256::new(password()?, binding), name))
}
