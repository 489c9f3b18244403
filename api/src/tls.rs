//! TLS that the server speaks itself: a certificate from files, read anew when they change.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, bail};
use axum::{extract::connect_info::Connected, serve::IncomingStream};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Most handshakes at a time; who comes beyond them waits in the system's queue.
const HANDSHAKES: usize = 1_024;

/// How often the files are looked at.
pub const GLANCE: Duration = Duration::from_secs(5);

/// A certificate and its key, as new connections get them.
#[derive(Clone)]
pub struct Certificate(Arc<Files>);

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

/// What the files held when they were read last.
struct Current {
    texts: Texts,
    config: Arc<ServerConfig>,
}

type Texts = (Vec<u8>, Vec<u8>);

impl Certificate {
    /// Reads PEM files: the certificate with those that lead to its authority, and its key.
    pub fn read(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let texts = texts(certificate, key)?;
        let config = config(&texts).with_context(|| {
            let files = [certificate, key].map(|path| path.display().to_string());
            format!("{} cannot be used", files.join(" and "))
        })?;
        Ok(Self(Arc::new(Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(Current { texts, config }),
        })))
    }

    /// Reads the files whenever they changed, for as long as the process runs. Connections stay; new ones get
    /// what the files hold. What cannot be used is told once, and the old certificate stays.
    pub async fn keep_fresh(self, every: Duration) {
        let mut told = None;
        loop {
            sleep(every).await;
            match self.renew(&mut told) {
                Ok(false) => {}
                Ok(true) => tracing::info!("the certificate was read anew"),
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "the changed certificate cannot be used; the old one stays"
                ),
            }
        }
    }

    /// Takes what the files hold if it is new; `told` is what was refused last.
    fn renew(&self, told: &mut Option<Texts>) -> anyhow::Result<bool> {
        // While a file is being replaced it may be away.
        let Ok(texts) = texts(&self.0.certificate, &self.0.key) else {
            return Ok(false);
        };
        let known = self
            .0
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if known.texts == texts || told.as_ref() == Some(&texts) {
            return Ok(false);
        }
        drop(known);
        match config(&texts) {
            Ok(config) => {
                let mut current = self.0.current.write();
                let current = current
                    .as_mut()
                    .map_err(|_| anyhow::anyhow!("a lock broke"))?;
                **current = Current { texts, config };
                Ok(true)
            }
            Err(error) => {
                *told = Some(texts);
                Err(error)
            }
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(current.config.clone())
    }
}

fn texts(certificate: &Path, key: &Path) -> anyhow::Result<Texts> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    Ok((read(certificate)?, read(key)?))
}

/// TLS 1.2 or 1.3, and HTTP/2 or 1.1 over it.
fn config((certificate, key): &Texts) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.context("the certificate is no PEM")?;
    if chain.is_empty() {
        bail!("there is no certificate in the file");
    }
    let key = PrivateKeyDer::from_pem_slice(key).context("there is no private key in the file")?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not belong together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Where connections come in, with or without TLS.
pub struct Door {
    listener: TcpListener,
    certificate: Option<Certificate>,
    handshakes: JoinSet<io::Result<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl Door {
    /// Connections of a listener, by TLS if there is a certificate.
    pub fn new(listener: TcpListener, certificate: Option<Certificate>) -> Self {
        Self {
            listener,
            certificate,
            handshakes: JoinSet::new(),
        }
    }
}

impl axum::serve::Listener for Door {
    type Io = Either<TcpStream, TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    /// The next connection that is ready. Handshakes go on beside each other, so that a slow client holds
    /// nobody up; those that fail are nobody's.
    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let Some(certificate) = self.certificate.clone() else {
            let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
            return (Either::Left(stream), peer);
        };
        loop {
            let has_room = self.handshakes.len() < HANDSHAKES;
            tokio::select! {
                Some(ended) = self.handshakes.join_next() => match ended {
                    Ok(Ok((stream, peer))) => return (Either::Right(stream), peer),
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS with a client"),
                    Err(error) => tracing::error!(%error, "a handshake broke off"),
                },
                (stream, peer) = axum::serve::Listener::accept(&mut self.listener), if has_room => {
                    let handshake = certificate.acceptor().accept(stream);
                    self.handshakes.spawn(async move {
                        let stream = timeout(HANDSHAKE, handshake).await??;
                        Ok((stream, peer))
                    });
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}
