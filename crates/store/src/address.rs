//! Where the database is, and the one way to connect to it: pool, migrations and notifications all
//! come through here, so that they are all encrypted or none.

use std::{error::Error as StdError, net::IpAddr, path::Path, sync::Arc, time::Duration};

use diesel_async::AsyncPgConnection;
use posthaste_core::{Error, ErrorCode, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Client, Config, Connection, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Conn;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without an acknowledgement a line counts as dead; the system's own limit is some 15 minutes.
const SILENCE: Duration = Duration::from_secs(15);
/// A quiet line is asked after so long whether the other end is still there.
const IDLE: Duration = Duration::from_secs(10);

/// A connection as the driver has it: the client, and what moves its bytes and hears notifications.
pub type Wire = (
    Client,
    Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
);

/// Where the database is and whom to believe that it is the one.
///
/// `sslmode` of the connection string decides: `disable` never encrypts, `prefer` (the default)
/// encrypts when the server offers it, `require`, `verify-ca` and `verify-full` insist. Whenever there
/// is TLS, certificate and name are verified. A Unix socket is never encrypted, as in libpq; with
/// `prefer`, neither is what stays on this machine.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

impl Address {
    /// Reads a connection string (`postgres://…` or `host=… user=…`) and the authorities that sign the
    /// server's certificate: those of `ca_file` (PEM), or else the machine's. `INVALID_INPUT` says what
    /// cannot be read.
    pub fn new(url: &str, ca_file: Option<&Path>) -> Result<Self> {
        let mut config = parse(url)?;
        notice_silence(&mut config);
        if stays_plain(&config) {
            config.ssl_mode(SslMode::Disable);
        }
        let roots = match (config.get_ssl_mode(), ca_file) {
            (SslMode::Disable, _) => RootCertStore::empty(),
            (_, Some(path)) => authorities(path)?,
            (_, None) => machine_authorities(),
        };
        Ok(Self {
            config,
            tls: tls(roots)?,
        })
    }

    /// Connects; `UNAVAILABLE` with the reason when that fails.
    pub async fn connect(&self) -> Result<Conn> {
        let (client, connection) = self.wire().await?;
        AsyncPgConnection::try_from_client_and_connection(client, connection)
            .await
            .map_err(|error| unavailable().caused_by(error))
    }

    /// As [`Address::connect`], for those who listen to notifications.
    pub async fn wire(&self) -> Result<Wire> {
        self.config.connect(self.tls.clone()).await.map_err(refused)
    }
}

/// The driver knows no `verify-…`: it verifies whenever it encrypts.
fn parse(url: &str) -> Result<Config> {
    let known = url.parse::<Config>().or_else(|error| {
        let mut plain = url.to_owned();
        for strict in ["sslmode=verify-full", "sslmode=verify-ca"] {
            plain = plain.replace(strict, "sslmode=require");
        }
        plain.parse().map_err(|_| error)
    });
    known.map_err(|error| {
        let advice = "Write postgres://user:password@host/name or \"host=… user=… dbname=…\", with sslmode=disable, \
                      prefer, require, verify-ca or verify-full.";
        let reason = told(&error);
        let message = format!("The database's address is not understood: {reason}. {advice}");
        Error::new(ErrorCode::InvalidInput, message)
    })
}

/// A server that vanished without a word must not be waited for longer than a failover takes. What
/// the connection string says itself stands.
fn notice_silence(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(IDLE);
        config.keepalives_interval(CONNECT);
    }
}

fn stays_plain(config: &Config) -> bool {
    let hosts = config.get_hosts();
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() && hosts.iter().all(is_unix) {
        return true;
    }
    let here = if addresses.is_empty() {
        hosts.iter().all(is_here)
    } else {
        addresses.iter().all(IpAddr::is_loopback)
    };
    here && config.get_ssl_mode() == SslMode::Prefer
}

fn is_unix(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn tls(roots: RootCertStore) -> Result<MakeRustlsConnect> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(path: &Path) -> Result<RootCertStore> {
    let wrong = |reason: String| {
        let shown = path.display();
        let message = format!(
            "The database's CA file {shown} cannot be used: {reason}. Set database.ca_file (POSTHASTE_DATABASE_CA_FILE) \
             to a PEM file with the certificate of the authority that signed the server's."
        );
        Error::new(ErrorCode::InvalidInput, message)
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// A machine without authorities can still reach a server without TLS.
fn machine_authorities() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "an authority of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn unavailable() -> Error {
    Error::new(ErrorCode::Unavailable, ErrorCode::Unavailable.title()).retry_after(1)
}

/// What the operator can change is said; the rest is for the log.
fn refused(error: tokio_postgres::Error) -> Error {
    let message = match certificate_error(&error) {
        Some(reason) => format!(
            "The database server's certificate is not accepted ({reason}). Set database.ca_file \
             (POSTHASTE_DATABASE_CA_FILE) to the certificate of its authority, and write the host as it stands in the certificate."
        ),
        None if lacks_tls(&error) => {
            "The database server offers no TLS, and sslmode asks for it. Turn on ssl in postgresql.conf, \
             or set sslmode=disable if you trust the network in between."
                .to_owned()
        }
        None => return unavailable().caused_by(chain(&error)),
    };
    Error::new(ErrorCode::Unavailable, message).retry_after(1)
}

fn certificate_error(error: &tokio_postgres::Error) -> Option<&rustls::CertificateError> {
    let io = error.source()?.downcast_ref::<std::io::Error>()?;
    match io.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(reason) => Some(reason),
        _ => None,
    }
}

/// The driver has only a sentence for it.
fn lacks_tls(error: &tokio_postgres::Error) -> bool {
    error
        .source()
        .is_some_and(|source| source.to_string() == "server does not support TLS")
}

/// Why an address is not understood. What the driver takes for an unknown option may be the end of a password with
/// an '@' and a '?' in it.
fn told(error: &tokio_postgres::Error) -> String {
    let reason = chain(error);
    match reason.split_once("unknown option") {
        Some((before, _)) => format!("{before}an option that is not known"),
        None => reason,
    }
}

/// An error with its causes, each said once.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::new(url, None).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn sslmode_decides_except_where_nothing_leaves_the_machine() {
        for (url, expected) in [
            ("postgres://u@db.example/x", SslMode::Prefer),
            (
                "postgres://u@db.example/x?sslmode=disable",
                SslMode::Disable,
            ),
            (
                "postgres://u@db.example/x?sslmode=require",
                SslMode::Require,
            ),
            (
                "postgres://u@db.example/x?sslmode=verify-full",
                SslMode::Require,
            ),
            ("host=db.example sslmode=verify-ca user=u", SslMode::Require),
            ("postgres://u@localhost/x", SslMode::Disable),
            ("host=::1 user=u", SslMode::Disable),
            ("host=127.0.0.1 user=u sslmode=require", SslMode::Require),
            ("host=localhost,db.example user=u", SslMode::Prefer),
            ("host=localhost hostaddr=192.0.2.1 user=u", SslMode::Prefer),
            (
                "host=/run/postgresql user=u sslmode=require",
                SslMode::Disable,
            ),
        ] {
            assert_eq!(mode(url), expected, "{url}");
        }
    }

    #[test]
    fn a_silent_server_is_noticed_within_seconds_unless_the_address_says_otherwise() {
        let times = |url: &str| {
            let config = Address::new(url, None).unwrap().config;
            [
                config.get_connect_timeout().copied(),
                config.get_tcp_user_timeout().copied(),
                Some(config.get_keepalives_idle()),
            ]
            .map(|time| time.map(|time| time.as_secs()))
        };
        assert_eq!(times("host=db.example"), [Some(5), Some(15), Some(10)]);
        assert_eq!(
            times("host=db.example connect_timeout=9 tcp_user_timeout=60 keepalives_idle=70"),
            [Some(9), Some(60), Some(70)]
        );
    }

    #[test]
    fn an_address_that_is_not_understood_says_how_to_write_one() {
        let error = Address::new("host=db.example sslmode=maybe", None).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert_eq!(
            error.message,
            "The database's address is not understood: invalid connection string: invalid value for option `sslmode`. \
             Write postgres://user:password@host/name or \"host=… user=… dbname=…\", with sslmode=disable, prefer, \
             require, verify-ca or verify-full."
        );
    }

    #[test]
    fn what_may_be_a_part_of_a_password_is_not_shown() {
        let error = Address::new("postgres://u:s@e?cret=x@db/x", None).unwrap_err();
        let start = "The database's address is not understood: invalid connection string: an option that is not known.";
        assert!(error.message.starts_with(start), "{error}");
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Address::new("host=db.example", Some(&file)).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.message.contains("it holds no certificate"), "{error}");
        let error = Address::new("host=db.example", Some(Path::new("/no/such.pem"))).unwrap_err();
        assert!(error.message.contains("/no/such.pem"), "{error}");
    }
}
